import Dispatch
public import Logging
public import Millrace
import MillraceEngine
public import ServiceLifecycle
import Synchronization

/// An instance of a streams application: runs a topology on a Kafka cluster until it is told to stop. Kafka: `KafkaStreams`.
///
/// ```swift
/// let application = StreamsApplication(
///     topology,
///     configuration: StreamsConfiguration(
///         applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk"))
/// try await application.run()
/// ```
///
/// Scale is more instances: those with the same application id share the tasks. `run` returns after `shutdown()`, after its
/// task is cancelled, or when the service group that it runs in shuts down gracefully; each time it finishes what is in
/// hand, commits, closes the stores and leaves the group.
public final class StreamsApplication: Service, Sendable {
    /// Decides what follows when an error has ended a worker thread. It is called on that thread.
    public typealias UncaughtErrorHandler = @Sendable (any Error) -> UncaughtErrorResponse

    let supervisor: Supervisor

    /// Makes an instance, which does nothing before `run`.
    ///
    /// - Parameters:
    ///   - topology: what to run.
    ///   - configuration: checked by `run`.
    ///   - logger: where to write; a logger labelled `millrace` by default.
    ///   - uncaughtErrorHandler: what to do about an error that ends a worker thread; by default the instance stops, as
    ///     in Kafka Streams. It is not asked when another instance has taken this one's place: then the instance stops.
    public init(
        _ topology: Topology, configuration: StreamsConfiguration, logger: Logger = Logger(label: "millrace"),
        uncaughtErrorHandler: @escaping UncaughtErrorHandler = { _ in .shutdownClient }
    ) {
        supervisor = Supervisor(
            topology: topology, configuration: configuration, logger: logger,
            uncaughtErrorHandler: uncaughtErrorHandler)
    }

    /// Runs the application. It can be run once.
    ///
    /// - Throws: `StreamsError` with code `.configuration` where settings are wrong, all of them listed; `.broker` within
    ///   seconds where no broker answers; `.topic`, `.stateStore`, and whatever ends its workers.
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

    /// Asks the application to stop. Returns at once; `run` returns when it is done.
    ///
    /// ```swift
    /// application.shutdown()
    /// ```
    public func shutdown() { supervisor.requestStop() }

    /// The state now; it may have changed by the time it is looked at.
    public var state: ApplicationState { supervisor.state }

    /// The state now and each that follows, until the application has ended.
    public var stateChanges: AsyncStream<ApplicationState> { supervisor.stateChanges() }

    // MARK: Queries

    /// A handle of a store of the topology, to be read on any thread and in any task while the application runs. Kafka:
    /// `KafkaStreams.store`.
    ///
    /// ```swift
    /// let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
    /// let score = try scores.get("acct-1")
    /// ```
    ///
    /// It can be had before `run`, and stays good until the application ends, over rebalances too. Reads see what has been
    /// committed. The workers begin to keep a store readable when its first handle is made: one that is made while they run
    /// can be read after their next commit, and until then throws `.storeUnavailable`; ``readableStore(_:)`` waits for it.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown` where the topology has no such store; `.storeMismatch` where it is of
    ///   another kind or has other types.
    public func store<Store>(_ query: StoreQuery<Store>) throws -> Store { try supervisor.localStores.view(query) }

    /// As ``store(_:)``, but waits until this instance has been given partitions of the store and all of them can be read:
    /// through the start, a rebalance, a restoration.
    ///
    /// ```swift
    /// let scores = try await application.readableStore(.keyValue("risk-store", key: .string, value: .double))
    /// ```
    ///
    /// - Throws: as ``store(_:)``; `CancellationError`; `StreamsError` with code `.illegalState` where the application has
    ///   ended.
    public func readableStore<Store>(_ query: StoreQuery<Store>) async throws -> Store {
        let view = try store(query)
        let local = try supervisor.localStores.store(named: query.name)
        while true {
            let seen = local.signal.count
            if local.isReadable(readsStale: query.readsStaleStores) { return view }
            if state.isFinal { throw StreamsError(.illegalState, "the application is \(state.rawValue)") }
            // The application's own end signals nothing here.
            _ = try await local.signal.wait(since: seen, until: .now.advanced(by: .milliseconds(100)))
        }
    }

    /// The stores of the topology, by name: each with its kind, the serdes of its keys and values, where its partitions are
    /// and how far they have got.
    ///
    /// ```swift
    /// for store in application.stores { print(store.name, store.kind.rawValue, store.key?.name ?? "-") }
    /// ```
    ///
    /// Positions and sizes are known of stores that somebody has asked for (``store(_:)``).
    public var stores: [StoreDescription] { supervisor.localStores.descriptions }

    /// Who has a key of a store: its partition by Kafka's default partitioner, and the address of that partition's instance.
    /// Kafka: `queryMetadataForKey`.
    ///
    /// ```swift
    /// let owner = try application.metadata(ofKey: account, .string, in: "risk-store")
    /// if !owner.isHere, let address = owner.address { return try await ask(address, for: account) }
    /// ```
    ///
    /// The addresses are those that ``StreamsConfiguration/applicationServer`` gave to the instances.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - serde: the keys' serde: the partition is that of the key's bytes.
    ///   - store: the store's name.
    /// - Throws: `StreamsError` with code `.storeUnknown`; `.storeUnavailable` before the instance has been given its
    ///   tasks.
    public func metadata<Key>(ofKey key: Key, _ serde: Serde<Key>, in store: String) throws -> KeyMetadata {
        try supervisor.localStores.metadata(of: key, serde, in: store)
    }

    /// What every instance of the application has, as of the last rebalance; empty before the first one. Kafka:
    /// `metadataForAllStreamsClients`.
    ///
    /// ```swift
    /// for instance in application.instances { print(instance.address ?? "no address", instance.stores) }
    /// ```
    public var instances: [InstanceMetadata] { supervisor.localStores.instances }

    /// The instances that have partitions of a store. Kafka: `streamsMetadataForStore`.
    ///
    /// ```swift
    /// let owners = application.instances(having: "risk-store")
    /// ```
    public func instances(having store: String) -> [InstanceMetadata] {
        instances.filter { $0.stores.contains(store) }
    }

    // MARK: Metrics

    /// A snapshot; cheap enough to be taken every second.
    public var metrics: StreamsMetrics { supervisor.metrics }
}
