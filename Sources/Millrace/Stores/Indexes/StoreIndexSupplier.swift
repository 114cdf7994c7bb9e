/// A description of an index of a store: its name, and how to make it.
///
/// ```swift
/// builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: cityIndex))
/// ```
///
/// The library of vectors makes such descriptions; so can any program that has another kind of index.
public struct StoreIndexSupplier<Value>: Sendable {
    /// The name with which the index is searched.
    public let name: String
    let kind: String
    package let access: (any StoreIndexAccess<Value>)?
    let check: @Sendable (Value) throws -> Void
    let make: @Sendable (StoreIndexContext, Serde<Value>) throws -> any StoreIndex

    /// Describes an index.
    ///
    /// - Parameters:
    ///   - name: letters, digits, `.`, `_` and `-`; no other index of the topology may have it.
    ///   - kind: what kind of index it is, in words for operators: `vectors (1536, cosine)`.
    ///   - access: describes and searches indexes of the kind for code that does not know it; without one they have no figures, and
    ///     cannot be searched over HTTP.
    ///   - check: throws if a value cannot be indexed. Such a value goes to the processing handler and into neither store nor index.
    ///     By default every value can be indexed.
    ///   - make: opens the index of one partition, empty or as it was on disk. It gets the serde of the store's values.
    public init(
        _ name: String, kind: String, access: (any StoreIndexAccess<Value>)? = nil,
        check: @escaping @Sendable (Value) throws -> Void = { _ in },
        make: @escaping @Sendable (_ context: StoreIndexContext, _ value: Serde<Value>) throws -> any StoreIndex
    ) {
        self.name = name
        self.kind = kind
        self.access = access
        self.check = check
        self.make = make
    }

    func plan(_ value: Serde<Value>) -> StoreIndexPlan {
        StoreIndexPlan(name: name, kind: kind, access: access, check: ValueCheck(check)) { [make] in try make($0, value)
        }
    }
}

/// An index as a part of a store's plan.
@usableFromInline
package struct StoreIndexPlan: Sendable {
    package var name: String
    /// The kind of index, in words.
    package var kind: String
    /// Describes and searches the index; `nil` if its kind has no such thing.
    package var access: (any StoreIndexAccess)?
    /// A `ValueCheck` of the type of the store's values.
    package var check: any Sendable
    package var make: @Sendable (StoreIndexContext) throws -> any StoreIndex
}

/// A check that a value can be indexed.
@usableFromInline
final class ValueCheck<Value>: Sendable {
    let body: @Sendable (Value) throws -> Void

    init(_ body: @escaping @Sendable (Value) throws -> Void) { self.body = body }
}

extension Serde {
    /// Returns the same serde, which runs a check before it serialises a value.
    func checking(_ check: @escaping @Sendable (Value) throws -> Void) -> Serde {
        let inner = self
        return Serde(
            name: name,
            serialize: { value, buffer in
                try check(value)
                try inner.serialize(value, into: &buffer)
            }, deserialize: inner.read, partitioningSuffixCount: partitioningSuffixCount, text: text)
    }
}
