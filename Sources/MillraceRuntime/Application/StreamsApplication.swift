import Dispatch
public import Logging
public import Millrace
import MillraceEngine
public import ServiceLifecycle
import Synchronization

/// An instance of a streams application. It runs a topology on a Kafka cluster until it is told to stop. Kafka: `KafkaStreams`.
///
/// ```swift
/// let application = StreamsApplication(
///     topology,
///     configuration: StreamsConfiguration(
///         applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk"))
/// try await application.run()
/// ```
///
/// To scale, run more instances: those with the same application id share the tasks. `run` returns after `shutdown()`, after its
/// task is cancelled, or when its service group shuts down gracefully. Each time the instance first finishes the records in
/// progress, commits, closes the stores and leaves the group.
public final class StreamsApplication: Service, Sendable {
    /// Decides how the application responds to an error that has ended a worker thread. It is called on that thread.
    public typealias UncaughtErrorHandler = @Sendable (any Error) -> UncaughtErrorResponse

    let supervisor: Supervisor

    /// Creates an instance, which does nothing before `run`.
    ///
    /// - Parameters:
    ///   - topology: the topology to run.
    ///   - configuration: the instance's settings; `run` checks them.
    ///   - logger: the destination of log messages; a logger labelled `millrace` by default.
    ///   - uncaughtErrorHandler: decides the response to an error that ends a worker thread. By default the instance stops, as in
    ///     Kafka Streams. It is not asked if another instance has replaced this one: then this instance stops.
    public init(
        _ topology: Topology, configuration: StreamsConfiguration, logger: Logger = Logger(label: "millrace"),
        uncaughtErrorHandler: @escaping UncaughtErrorHandler = { _ in .shutdownClient }
    ) {
        supervisor = Supervisor(
            topology: topology, configuration: configuration, logger: logger,
            uncaughtErrorHandler: uncaughtErrorHandler)
    }

    /// Runs the application. An instance can be run only once.
    ///
    /// - Throws: `StreamsError` with code `.configuration` if settings are wrong, with all of them listed; `.broker` within seconds
    ///   if no broker answers; `.topic`; `.stateStore`; and any error that ends its workers.
    public func run() async throws {
        let supervisor = supervisor
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    supervisor.start { result in continuation.resume(with: result) }
                }
            } onGracefulShutdown: {
                supervisor.requestStop()
            }
        } onCancel: {
            supervisor.requestStop()
        }
    }

    /// Asks the application to stop. Returns at once; `run` returns when the application has stopped.
    ///
    /// ```swift
    /// application.shutdown()
    /// ```
    public func shutdown() { supervisor.requestStop() }

    /// The present state; it may change right after it is read.
    public var state: ApplicationState { supervisor.state }

    /// The present state and each that follows, until the application has ended.
    public var stateChanges: AsyncStream<ApplicationState> { supervisor.stateChanges() }

    // MARK: Queries

    /// Returns a handle of a store, to be read on any thread and in any task while the application runs. Kafka:
    /// `KafkaStreams.store`.
    ///
    /// ```swift
    /// let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
    /// let score = try scores.get("acct-1")
    /// ```
    ///
    /// The handle can be made before `run` and stays valid until the application ends, across rebalances too. Reads see committed
    /// data. The workers begin to keep a store readable when its first handle is made. If that happens while they run, reads throw
    /// `.storeUnavailable` until the workers' next commit; ``readableStore(_:)`` waits for it.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown` if the topology has no such store; `.storeMismatch` if the store is of
    ///   another kind or has other types.
    public func store<Store>(_ query: StoreQuery<Store>) throws -> Store { try supervisor.localStores.view(query) }

    /// Returns a handle as ``store(_:)`` does, but waits until this instance has been assigned partitions of the store and all of
    /// them can be read: through the start, a rebalance, a restoration.
    ///
    /// ```swift
    /// let scores = try await application.readableStore(.keyValue("risk-store", key: .string, value: .double))
    /// ```
    ///
    /// - Throws: the errors of ``store(_:)``; `CancellationError`; `StreamsError` with code `.illegalState` if the application has
    ///   ended.
    public func readableStore<Store>(_ query: StoreQuery<Store>) async throws -> Store {
        let view = try store(query)
        let local = try supervisor.localStores.store(of: query)
        while true {
            let seen = local.signal.count
            if local.isReadable(readsStale: query.readsStaleStores) { return view }
            if state.isFinal { throw StreamsError(.illegalState, "the application is \(state.rawValue)") }
            // The application's own end does not raise this signal.
            _ = try await local.signal.wait(since: seen, until: .now.advanced(by: .milliseconds(100)))
        }
    }

    /// The stores of the topology, by name: each with its kind, the serdes of its keys and values, the owners of its partitions and
    /// their positions.
    ///
    /// ```swift
    /// for store in application.stores { print(store.name, store.kind.rawValue, store.key?.name ?? "-") }
    /// ```
    ///
    /// Positions and sizes are known only of stores for which a handle has been made (``store(_:)``). A size may be a second old.
    public var stores: [StoreDescription] { supervisor.localStores.descriptions }

    /// Returns the owner of a key: the key's partition by Kafka's default partitioner, and the address of the instance that has
    /// this partition. Kafka: `queryMetadataForKey`.
    ///
    /// ```swift
    /// let owner = try application.metadata(ofKey: account, .string, in: "risk-store")
    /// if !owner.isHere, let address = owner.address { return try await ask(address, for: account) }
    /// ```
    ///
    /// The addresses are those that each instance was given as ``StreamsConfiguration/applicationServer``.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - serde: the serde of the keys; the partition follows from the key's bytes.
    ///   - store: the store's name.
    /// - Throws: `StreamsError` with code `.storeUnknown`; `.storeUnavailable` before the instance has been assigned its tasks.
    public func metadata<Key>(ofKey key: Key, _ serde: Serde<Key>, in store: String) throws -> KeyMetadata {
        try supervisor.localStores.metadata(of: key, serde, in: store)
    }

    /// Returns the owner of a key that is given as bytes, for code that does not know the Swift type of the keys.
    ///
    /// ```swift
    /// let owner = try application.metadata(ofKeyBytes: scores.key(from: "acct-1"), in: "risk-store")
    /// ```
    ///
    /// - Parameters:
    ///   - key: the key's bytes, as the store's serde writes them.
    ///   - store: the store's name.
    /// - Throws: `StreamsError` with code `.storeUnknown`; `.storeUnavailable` before the instance has been assigned its tasks.
    public func metadata(ofKeyBytes key: [UInt8], in store: String) throws -> KeyMetadata {
        try supervisor.localStores.metadata(ofKeyBytes: key, in: store)
    }

    /// Returns the owner of a partition of a store.
    ///
    /// ```swift
    /// let owner = try application.metadata(ofPartition: 0, in: "risk-store")
    /// ```
    ///
    /// - Parameters:
    ///   - partition: the partition's number.
    ///   - store: the store's name.
    /// - Throws: `StreamsError` with code `.storeUnknown`; `.storeElsewhere` if the store has no such partition;
    ///   `.storeUnavailable` before the instance has been assigned its tasks.
    public func metadata(ofPartition partition: Int32, in store: String) throws -> KeyMetadata {
        try supervisor.localStores.metadata(ofPartition: partition, in: store)
    }

    /// Returns the number of partitions of a store, over all instances; 1 for the store of a global table.
    ///
    /// ```swift
    /// let count = try application.partitionCount(of: "risk-store")
    /// ```
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown`; `.storeUnavailable` before the instance has been assigned its tasks.
    public func partitionCount(of store: String) throws -> Int {
        try supervisor.localStores.partitionCount(of: store)
    }

    /// The tasks, stores and address of every instance, as of the last rebalance; empty before the first one. Kafka:
    /// `metadataForAllStreamsClients`.
    ///
    /// ```swift
    /// for instance in application.instances { print(instance.address ?? "no address", instance.stores) }
    /// ```
    public var instances: [InstanceMetadata] { supervisor.localStores.instances }

    /// Returns the instances that have partitions of a store. Kafka: `streamsMetadataForStore`.
    ///
    /// ```swift
    /// let owners = application.instances(having: "risk-store")
    /// ```
    public func instances(having store: String) -> [InstanceMetadata] {
        instances.filter { $0.stores.contains(store) }
    }

    /// Streams the committed changes of a store, of the partitions of all instances: what its changelog gets. The changes of a key
    /// come in order; nothing that was aborted comes.
    ///
    /// ```swift
    /// let changes = try await application.changes(of: "risk-store", from: .earliest)
    /// var seen = changes.start
    /// for try await batch in changes {
    ///     for change in batch { seen.merge(change.position) }
    /// }
    /// ```
    ///
    /// Each stream has a separate client and thread, which end with the iterator. It fetches no more than the reader takes. The
    /// merged positions of the changes that were seen are the place to go on from, `StoreChangesStart.after`. Where a source
    /// topic serves as a table's changelog, its records come as soon as they are committed there, maybe before the table has them.
    ///
    /// - Parameters:
    ///   - store: the store's name.
    ///   - start: where to begin; by default with the changes that are committed from now on.
    /// - Throws: `StreamsError` with code `.storeUnknown`; `.storeMismatch` for a custom store or a buffer of suppressed results;
    ///   `.noChangelog`; `.storeUnavailable` before the instance has been assigned its tasks; `.positionGone` if changes after the
    ///   position are not in the changelog any more; `.positionMismatch` for a position that is not of the changelog; `.broker`.
    public func changes(of store: String, from start: StoreChangesStart = .latest) async throws -> StoreChanges {
        try await supervisor.changes(of: store, from: start)
    }

    // MARK: Metrics

    /// A snapshot of the metrics; cheap enough to be taken every second.
    public var metrics: StreamsMetrics { supervisor.metrics }

    /// A snapshot of the metrics of the databases in which stores are kept; `nil` before the start and after the end. It asks each
    /// database, so it takes some microseconds for each.
    ///
    /// ```swift
    /// let files = application.stateMetrics?.databases.reduce(0) { $0 + $1.fileSizeInBytes }
    /// ```
    public var stateMetrics: StateMetrics? { supervisor.stateMetrics }

    /// Begins the measurements that cost time, which are not taken before somebody asks: how old records are when they have been
    /// processed (``TaskMetrics/endToEndLatency``) and how late by the stream's time (``TaskMetrics/lateness``), some nanoseconds a
    /// record; the threads' activities (``ThreadMetrics/activityTimes``), some readings of the clock for each batch of records.
    ///
    /// ```swift
    /// application.beginMeasuringLatency()
    /// ```
    public func beginMeasuringLatency() { supervisor.beginMeasuringLatency() }
}
