import Dispatch
public import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime
public import ServiceLifecycle
import Synchronization

/// A process that runs connectors: sources write other systems' changes into topics, sinks write topics into other systems. Kafka
/// Connect: `Worker`.
///
/// ```swift
/// let configuration = try ConnectConfiguration(file: "connect.json", kinds: [.fileSource, .fileSink])
/// let worker = ConnectWorker(configuration)
/// try await worker.run()
/// ```
///
/// Processes with the same configuration share the tasks, and fence each other. `run` returns after `shutdown()`, after its task
/// is cancelled, or when its service group shuts down gracefully. Each time the tasks first commit what they have read.
public final class ConnectWorker: Service, Sendable {
    /// The configuration.
    public let configuration: ConnectConfiguration
    private let process: WorkerNames.Process
    /// The name of this process, which no other one has.
    package var processName: String { process.name }
    private let logger: Logger
    private let shared: Mutex<Shared>
    private let stopRequested = Atomic<Bool>(false)

    private struct Shared {
        var isStarted = false
        var isRunning = false
        var status: [ConnectorStatus]
        var otherProcesses: [WorkerProcess]?
        var differences: [String] = []
        var orders: [(order: ConnectorOrder, target: String, done: CheckedContinuation<Void, any Error>)] = []
    }

    /// Makes a worker, which does nothing before `run`.
    ///
    /// - Parameters:
    ///   - configuration: the cluster and the connectors.
    ///   - logger: the destination of log messages; a logger labelled `millrace-connect` by default.
    public init(_ configuration: ConnectConfiguration, logger: Logger = Logger(label: "millrace-connect")) {
        self.configuration = configuration
        process = configuration.names.process(UInt32.random(in: .min ... .max))
        var logger = logger
        logger[metadataKey: "worker"] = "\(configuration.name)"
        self.logger = logger
        shared = Mutex(
            Shared(
                status: configuration.connectors.map { connector in
                    let isSource = if case .source = connector.connector { true } else { false }
                    return ConnectorStatus(
                        name: connector.name, type: connector.type, isSource: isSource, state: .unassigned)
                }))
    }

    /// Runs the connectors. A worker can be run only once.
    ///
    /// - Throws: `StreamsError` with code `.configuration` for a name that cannot be one or that two connectors have, `.broker` within
    ///   seconds if no broker answers, `.topic` if a topic of the worker's own is not as it has to be, `.illegalState` if it has run
    ///   before; and any error that ends its membership of the group.
    public func run() async throws {
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    do {
                        try startThread(named: "connect") { continuation.resume(with: Result { try self.runThread() }) }
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } onGracefulShutdown: {
                self.shutdown()
            }
        } onCancel: {
            self.shutdown()
        }
    }

    /// Asks the worker to stop. Returns at once; `run` returns when the tasks have committed and ended.
    ///
    /// ```swift
    /// worker.shutdown()
    /// ```
    public func shutdown() { stopRequested.store(true, ordering: .releasing) }

    private func runThread() throws {
        let isFirst = shared.withLock { shared in
            defer { shared.isStarted = true }
            return !shared.isStarted
        }
        guard isFirst else { throw StreamsError(.illegalState, "a worker can be run once") }
        defer { refuseOrders() }
        let problems = WorkerNames.problems(of: configuration)
        if !problems.isEmpty { throw StreamsError(.configuration, problems.joined(separator: "; ")) }
        let ports = KafkaPorts(
            bootstrapServers: configuration.bootstrapServers, clientSettings: configuration.clientSettings,
            logger: logger)
        let coordinator: ConnectCoordinator
        do {
            coordinator = try ConnectCoordinator(
                configuration, ports: ports, process: process, logger: logger)
        } catch let error as PortError {
            let servers = configuration.bootstrapServers.joined(separator: ",")
            throw StreamsError(.broker, "while starting with the brokers at \(servers): \(error)")
        }
        logger.info(
            "started", metadata: ["connectors": "\(configuration.connectors.map(\.name).joined(separator: ", "))"])
        shared.withLock { $0.isRunning = true }
        defer {
            coordinator.close()
            publish(coordinator)
            logger.info("stopped")
        }
        while !stopRequested.load(ordering: .acquiring) {
            do { try coordinator.step() } catch let error as PortError {
                throw StreamsError(.broker, "this process cannot be a member of the group any more: \(error)")
            }
            publish(coordinator)
            performOrders(coordinator)
        }
    }

    private func publish(_ coordinator: ConnectCoordinator) {
        let (status, processes) = (coordinator.status, coordinator.otherProcesses)
        let differences = coordinator.differences
        shared.withLock { ($0.status, $0.otherProcesses, $0.differences) = (status, processes, differences) }
    }

    private func performOrders(_ coordinator: ConnectCoordinator) {
        let orders = shared.withLock { shared in
            defer { shared.orders = [] }
            return shared.orders
        }
        for (order, target, done) in orders {
            done.resume(
                with: Result {
                    do { try coordinator.order(order, for: target) } catch {
                        throw StreamsError(.broker, "the wish cannot be written down: \(error)")
                    }
                })
        }
    }

    private func refuseOrders() {
        let orders = shared.withLock { shared in
            shared.isRunning = false
            defer { shared.orders = [] }
            return shared.orders
        }
        for (_, _, done) in orders { done.resume(throwing: Self.notRunning) }
    }

    private static var notRunning: StreamsError { StreamsError(.illegalState, "the worker does not run") }

    // MARK: Seen and ordered from outside

    /// The connectors, with the tasks that this process has.
    ///
    /// ```swift
    /// for connector in worker.status { print(connector.name, connector.state.rawValue, connector.tasks.count) }
    /// ```
    public var status: [ConnectorStatus] { shared.withLock(\.status) }

    /// The worker's other processes, at most some seconds ago; `nil` before the group has told them.
    ///
    /// ```swift
    /// print(worker.otherProcesses?.map(\.name) ?? [])
    /// ```
    public var otherProcesses: [WorkerProcess]? { shared.withLock(\.otherProcesses) }

    /// The differences between the connectors of the worker's processes, at most some seconds ago: a sentence for each connector that some
    /// processes lack or have with other settings. Empty if there are none, and before the group has told the processes.
    ///
    /// ```swift
    /// for sentence in worker.differences { print(sentence) }
    /// ```
    public var differences: [String] { shared.withLock(\.differences) }

    /// Whether the worker has begun and not ended.
    public var isRunning: Bool { shared.withLock(\.isRunning) }

    /// Pauses a connector, or one of its tasks, in all processes, until somebody resumes it. It stays paused through restarts of
    /// the processes.
    ///
    /// ```swift
    /// try await worker.pause("orders")
    /// ```
    ///
    /// - Parameters:
    ///   - connector: the connector's name.
    ///   - task: the name of a part; `nil`, the default, for the whole connector.
    /// - Throws: `StreamsError` with code `.configuration` if there is no such connector or task, `.broker` if the wish cannot be
    ///   written down, `.illegalState` if the worker does not run.
    public func pause(_ connector: String, task: String? = nil) async throws {
        try await order(.pause, connector, task)
    }

    /// Orders a connector, or one of its tasks, to go on in all processes.
    ///
    /// ```swift
    /// try await worker.resume("orders")
    /// ```
    ///
    /// - Parameters:
    ///   - connector: the connector's name.
    ///   - task: the name of a part; `nil`, the default, for the whole connector.
    /// - Throws: the errors of ``pause(_:task:)``.
    public func resume(_ connector: String, task: String? = nil) async throws {
        try await order(.resume, connector, task)
    }

    /// Orders a connector, or one of its tasks, to begin anew from its last committed position, in whichever process it is, also after a
    /// failure.
    ///
    /// ```swift
    /// try await worker.restart("orders")
    /// ```
    ///
    /// - Parameters:
    ///   - connector: the connector's name.
    ///   - task: the name of a part; `nil`, the default, for the whole connector.
    /// - Throws: the errors of ``pause(_:task:)``.
    public func restart(_ connector: String, task: String? = nil) async throws {
        try await order(.restart, connector, task)
    }

    package func order(_ order: ConnectorOrder, _ connector: String, _ task: String?) async throws {
        let names = configuration.connectors.map(\.name)
        guard names.contains(connector) else {
            throw StreamsError(
                .configuration,
                "\(KafkaName.quoted(connector)) \(Suggestion.unknown(connector, among: names, noun: "a connector"))")
        }
        if let task, let parts = status.first(where: { $0.name == connector })?.parts, !parts.contains(task) {
            throw StreamsError(
                .configuration,
                "\(KafkaName.quoted(task)) \(Suggestion.unknown(task, among: parts, noun: "a task of \(connector)"))")
        }
        let target = task.map { SourceTaskID(connector: connector, partition: $0).description } ?? connector
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let isQueued = shared.withLock { shared in
                if shared.isRunning { shared.orders.append((order, target, done)) }
                return shared.isRunning
            }
            if !isQueued { done.resume(throwing: Self.notRunning) }
        }
    }
}
