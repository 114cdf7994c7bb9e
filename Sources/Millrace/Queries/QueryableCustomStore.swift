/// A custom store that can be queried: after each commit it makes a view of its contents for the queries.
///
/// ```swift
/// final class Vectors: QueryableStateStore {
///     …
///     struct View: Sendable {
///         let vectors: [String: [Float]]
///         func nearest(to vector: [Float]) -> String? { … }
///     }
///
///     func makeView() -> View { View(vectors: vectors) }
/// }
/// let vectors = try application.store(.custom("vectors", Vectors.self))
/// let answers = try await vectors.read(reaching: written) { try $0.views().map { $0.nearest(to: [1, 0]) } }
/// ```
///
/// A view can offer any kind of query, since the store defines its type. Kafka: `StateStore.query` (KIP-796).
public protocol QueryableStateStore: StateStore {
    /// The contents of the store at one commit, to be read on any thread. Later changes of the store must not show in it.
    associatedtype View: Sendable

    /// Makes a view of the store's present contents, all of which are committed.
    ///
    /// It is called on the task's thread, after each commit that changes something, as soon as the store has been queried
    /// once. It should therefore cost little: a Swift collection, for example, is copied only at its next change.
    ///
    /// - Throws: any error. Queries get the error instead of a view, until the next view; a `StreamsError` reaches them
    ///   unchanged.
    func makeView() throws -> View
}

/// The committed state of a custom store, to be read on any thread while the application runs.
///
/// In all other respects it behaves like ``QueryableKeyValueStore``.
public struct QueryableCustomStore<View: Sendable>: Sendable {
    private let store: any QueriedStore

    init(_ store: any QueriedStore) { self.store = store }

    /// Returns the views of the local partitions, in their order.
    ///
    /// - Throws: `StreamsError` with code `.storeUnavailable` if one of the local partitions is being restored;
    ///   `.storeElsewhere` if there are none; what the store's `makeView` has thrown.
    public func views() throws -> [View] {
        try store.readers().map { reader in
            guard let view = try reader.customView() as? View else {
                throw StreamsError(.storeMismatch, "the views of \(store.plan.name) are no \(View.self)")
            }
            return view
        }
    }

    /// Reads the store as of one commit of each partition and returns the position of these commits.
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, `.positionMismatch`, `.storeUnavailable` or `.storeElsewhere`;
    ///   what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ store: QueryableCustomStore) throws -> Result
    ) async throws -> Committed<Result> {
        try await store.read(reaching: position, within: limit) { try body(QueryableCustomStore($0)) }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread, and returns the position of these
    /// commits.
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    public func readCommit<Result>(
        _ body: (_ store: QueryableCustomStore) throws -> Result
    ) throws -> Committed<Result> {
        let pinned = store.pinned()
        return Committed(value: try body(QueryableCustomStore(pinned)), position: pinned.position)
    }
}

extension StoreQuery {
    /// A custom store.
    ///
    /// ```swift
    /// let vectors = try application.store(.custom("vectors", Vectors.self))
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - type: the type that the store's builder makes.
    public static func custom<Custom: QueryableStateStore>(
        _ name: String, _ type: Custom.Type
    ) -> StoreQuery where Store == QueryableCustomStore<Custom.View> {
        StoreQuery(name, StoreExpectation(kind: .custom, types: StoreTypes(custom: type))) { QueryableCustomStore($0) }
    }
}
