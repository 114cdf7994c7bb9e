/// A choice of one of an application's stores, and of the kind of handle to read it by. Kafka: `StoreQueryParameters` with a
/// `QueryableStoreType`.
///
/// ```swift
/// let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
/// let score = try scores.get("acct-1")
/// ```
///
/// ```swift
/// let counts = try application.store(.timestampedKeyValue("counts", key: .string, value: .int64))
/// let views = try application.store(.window("views-per-minute", key: .string, value: .int64))
/// let timed = try application.store(.timestampedWindow("views-per-minute", key: .string, value: .int64))
/// let visits = try application.store(.session("visits", key: .string, value: .int64))
/// let prices = try application.store(.versionedKeyValue("prices", key: .string, value: .double))
/// let third = try application.store(.keyValue("counts", key: .string, value: .int64).partition(3))
/// let stale = try application.store(.keyValue("counts", key: .string, value: .int64).enableStaleStores())
/// ```
///
/// The store's name is the one under which it was materialised. The kind of the store and the types of its keys and values
/// are checked against the topology.
public struct StoreQuery<Store>: Sendable {
    /// The name of the store, or of one of its indexes.
    package let name: String
    package let expectation: StoreExpectation
    package private(set) var partition: Int32?
    package private(set) var readsStaleStores = false
    private let make: @Sendable (any QueriedStore) -> Store

    init(
        _ name: String, _ expectation: StoreExpectation, make: @escaping @Sendable (any QueriedStore) -> Store
    ) {
        self.name = name
        self.expectation = expectation
        self.make = make
    }

    /// Reads only one partition of the store instead of all that this instance has. Kafka: `withPartition`.
    public func partition(_ partition: Int32) -> StoreQuery {
        var copy = self
        copy.partition = partition
        return copy
    }

    /// Also reads stores that this instance keeps as a standby, up to their last update. Their state is behind what the
    /// active task has committed, but it is available while that task is restarted or moved. By default only active stores
    /// are read. Kafka: `enableStaleStores` (KIP-535).
    public func enableStaleStores() -> StoreQuery {
        var copy = self
        copy.readsStaleStores = true
        return copy
    }

    /// Returns the same query for another kind of handle, which is made of this one: for libraries that bring their own handles.
    ///
    /// ```swift
    /// let totals = StoreQuery.keyValue("totals", key: .string, value: .int64).map { store in Totals(store: store) }
    /// ```
    ///
    /// - Parameter transform: makes the other handle. It must not read: the store may not be readable yet.
    public func map<Other>(_ transform: @escaping @Sendable (Store) -> Other) -> StoreQuery<Other> {
        let make = make
        var query = StoreQuery<Other>(name, expectation) { transform(make($0)) }
        query.partition = partition
        query.readsStaleStores = readsStaleStores
        return query
    }

    package func view(of store: any QueriedStore) -> Store { make(store) }
}

/// The kind and the types that a query expects of a store.
package struct StoreExpectation: Sendable {
    enum Kind: String, Sendable {
        case keyValue = "a key-value store"
        case timestampedKeyValue = "a key-value store with timestamps"
        case window = "a window store"
        case timestampedWindow = "a window store with timestamps"
        case session = "a session store"
        case versionedKeyValue = "a versioned key-value store"
        case custom = "a custom store"
        case bytes = "a store of bytes"
        case indexed = "a store with an index"
    }

    let kind: Kind
    /// The types of keys and values; `nil` if any are accepted.
    let types: StoreTypes?

    /// Whether an index is asked for instead of a store.
    package var isOfIndex: Bool { kind == .indexed }

    /// A store of any types, as bytes.
    static let bytes = StoreExpectation(kind: .bytes, types: nil)

    /// Returns why a store is not the expected one, in words; `nil` if it is.
    package func problem(with plan: StorePlan) -> String? {
        guard matches(plan.kind) else {
            return "the store \(plan.name) is \(plan.kind.inWords), but is asked for as \(kind.rawValue)"
        }
        guard let types, let known = plan.types, known != types else { return nil }
        return "the store \(plan.name) has \(known), but is asked for \(types)"
    }

    private func matches(_ store: StoreKind) -> Bool {
        switch (kind, store.access) {
        case (.keyValue, .hashed): true
        case (.timestampedKeyValue, .hashed): store.values == .timestamped
        case (.keyValue, .ordered(let keys)): keys.time == .none
        case (.window, .ordered(let keys)): keys.time == .window
        case (.timestampedWindow, .ordered(let keys)): keys.time == .window && store.values == .timestamped
        case (.session, .ordered(let keys)): keys.time == .session
        case (.versionedKeyValue, .versioned): true
        case (.custom, .custom): true
        case (.indexed, .hashed): true
        case (.bytes, .hashed), (.bytes, .ordered), (.bytes, .versioned): true
        default: false
        }
    }
}

/// The types of a store's keys, without their windows, and of its values, without their timestamps.
package struct StoreTypes: Equatable, Sendable, CustomStringConvertible {
    private let key: ObjectIdentifier
    private let value: ObjectIdentifier
    package let description: String

    @usableFromInline
    package init<Key, Value>(_ key: Key.Type, _ value: Value.Type) {
        self.key = ObjectIdentifier(key)
        self.value = ObjectIdentifier(value)
        description = "keys of type \(key) and values of type \(value)"
    }

    /// The type of a custom store.
    package init<Custom>(custom: Custom.Type) {
        key = ObjectIdentifier(Custom.self)
        value = key
        description = "the type \(Custom.self)"
    }

    package static func == (left: StoreTypes, right: StoreTypes) -> Bool {
        left.key == right.key && left.value == right.value
    }
}

extension StoreKind {
    fileprivate var inWords: String {
        switch access {
        case .hashed: values == .timestamped ? "a key-value store with timestamps" : "a key-value store"
        case .buffered: "a buffer of suppressed results, which cannot be read"
        case .custom: "a custom store"
        case .versioned: "a versioned key-value store"
        case .ordered(let keys):
            switch keys.time {
            case .none: "a key-value store"
            case .window: values == .timestamped ? "a window store with timestamps" : "a window store"
            case .session: "a session store"
            case .version: "a versioned key-value store"
            }
        }
    }

    /// Whether a query can read it.
    package var isQueryable: Bool { access != .buffered }
}
