/// A stream that is being split: each record goes to the first branch that wants it. Kafka: `BranchedKStream`.
///
/// ```swift
/// let split = payments.split(named: "size-")
/// let large = split.branch("large") { _, payment in payment.amount > 1_000 }
/// let small = split.defaultBranch("small")
/// ```
public final class BranchedKStream<Key, Value> {
    private let source: KStream<Key, Value>
    private let name: String
    private let node: Int
    private let element: (String, [@Sendable (Record<Key, Value>) throws -> Bool]) -> ProcessorElement
    private var predicates: [@Sendable (Record<Key, Value>) throws -> Bool] = []

    @usableFromInline
    init(
        source: KStream<Key, Value>, name: String,
        element: @escaping (String, [@Sendable (Record<Key, Value>) throws -> Bool]) -> ProcessorElement
    ) {
        self.source = source
        self.name = name
        self.element = element
        node = source.builder.add(.processor(element(name, [])), named: name, to: [source.node])
    }

    /// A branch of the records whose key and value satisfy a predicate, and which no branch before it has taken.
    ///
    /// - Parameter suffix: the branch's name is the split's name with this behind it; by default the branch's number from 1.
    public func branch(
        _ suffix: String? = nil, _ predicate: @escaping @Sendable (Key?, Value) throws -> Bool
    ) -> KStream<Key, Value> {
        branch(suffix) { record in try record.value.map { try predicate(record.key, $0) } ?? false }
    }

    /// A branch of the records, tombstones among them, that satisfy a predicate.
    public func branch(
        _ suffix: String? = nil, _ predicate: @escaping @Sendable (Record<Key, Value>) throws -> Bool
    ) -> KStream<Key, Value> {
        predicates.append(predicate)
        source.builder.plan[node].elements = [.processor(element(name, predicates))]
        return addBranch(suffix ?? String(predicates.count))
    }

    /// A branch of the records that no other branch has taken. It is the last one; without it they are dropped.
    ///
    /// - Parameter suffix: as for `branch`; by default `0`.
    public func defaultBranch(_ suffix: String? = nil) -> KStream<Key, Value> {
        addBranch(suffix ?? "0")
    }

    private func addBranch(_ suffix: String) -> KStream<Key, Value> {
        let builder = source.builder
        _ = builder.newName("")
        let branchName = name + suffix
        return source.at(
            builder.add(
                .processor(.passThrough(name: branchName, Record<Key, Value>.self)), named: branchName, to: [node]))
    }
}

extension KStream {
    /// Splits the stream into branches.
    @inlinable
    public func split(named name: String? = nil) -> BranchedKStream<Key, Value> {
        BranchedKStream(source: self, name: builder.newName("KSTREAM-BRANCH-", unless: name)) { .branch(name: $0, $1) }
    }
}
