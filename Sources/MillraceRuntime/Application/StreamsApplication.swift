import Dispatch
public import Logging
public import Millrace
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
    public typealias UncaughtErrorHandler = @Sendable (any Error) -> UncaughtErrorResponse

    private let supervisor: Supervisor

    /// - Parameters:
    ///   - topology: what to run.
    ///   - configuration: checked by `run`.
    ///   - logger: where to write; a logger labelled `millrace` by default.
    ///   - uncaughtErrorHandler: what to do about an error that ends a worker thread; by default the instance stops, as in
    ///     Kafka Streams. It is not asked when another instance has taken this one's place: then the instance stops.
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
    public func shutdown() { supervisor.requestStop() }

    public var state: ApplicationState { supervisor.state }

    /// The state now and each that follows, until the application has ended.
    public var stateChanges: AsyncStream<ApplicationState> { supervisor.stateChanges() }

    /// A snapshot; cheap enough to be taken every second.
    public var metrics: StreamsMetrics { supervisor.metrics }
}
