import Dispatch
import KafkaClient
import Logging
import Millrace
import MillraceEngine
import Synchronization

/// Starts an application's workers on separate threads, watches them and stops them.
///
/// It runs on a thread too, because opening state and asking brokers block. One mutex guards the state that its threads share. Each
/// worker is made and closed on its own thread.
final class Supervisor: Sendable {
    let topology: Topology
    let configuration: StreamsConfiguration
    /// The error handlers as they were given, whose decisions are not noted among the recent errors.
    let givenErrorHandlers: ErrorHandlers
    /// The latest errors, for those who look.
    let recentErrors = RecentErrors()
    let logger: Logger
    private let handler: StreamsApplication.UncaughtErrorHandler
    /// The stores that queries read.
    let localStores: LocalStores
    /// The threads for reads of stores on disk.
    private let readThreads: ReadThreads
    let shared = Mutex(Shared())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let stopRequested = Atomic<Bool>(false)
    private let isWatched = Atomic<Bool>(false)
    /// The sub-topologies that are paused on this instance.
    let pause = PauseSetting()
    let clock = SystemClock()

    struct Shared {
        var state = ApplicationState.created
        var statuses: [Int: WorkerStatus] = [:]
        /// The totals of workers that have ended.
        var past = WorkerStatus()
        /// The factory of the workers while they run.
        var factory: WorkerFactory?
        var clientID: String?
        /// The number of workers that have failed.
        var failedCount = 0
        /// The thread of the global tables.
        var globalThread: GlobalThread?
        /// Whether threads can be added and removed: the first ones have been started, and not all have ended.
        var mayResize = false
        /// The threads that have been told to end although the application goes on, with those who wait for it.
        var removals: [Int: [AsyncStream<Never>.Continuation]] = [:]
        /// The workers that have ended since the supervisor last looked, each with whether another one takes its place.
        var ended: [(worker: Int, isReplaced: Bool)] = []
        var observers: [AsyncStream<ApplicationState>.Continuation] = []
        var finish: (@Sendable (Result<Void, any Error>) -> Void)?
        /// The error that ends the application; `nil` if it ends because it was asked to.
        var firstError: (any Error)?
        /// Whether the time limit for closing is already running.
        var isClosingTimed = false
    }

    init(
        topology: Topology, configuration: StreamsConfiguration, logger: Logger,
        uncaughtErrorHandler: @escaping StreamsApplication.UncaughtErrorHandler
    ) {
        self.topology = topology
        givenErrorHandlers = configuration.errorHandlers
        var configuration = configuration
        configuration.errorHandlers = recentErrors.observing(configuration.errorHandlers)
        self.configuration = configuration
        self.handler = uncaughtErrorHandler
        readThreads = ReadThreads()
        localStores = LocalStores(topology, executor: readThreads)
        var logger = logger
        logger[metadataKey: "application"] = "\(configuration.applicationID)"
        self.logger = logger
    }

    // MARK: Starting and stopping

    /// Runs the application on a new thread and reports its end, once.
    func start(_ finish: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        let isFirst = shared.withLock { shared in
            guard shared.state == .created, shared.finish == nil else { return false }
            shared.finish = finish
            return true
        }
        guard isFirst else {
            let message = "the application is \(state.rawValue); it can be run once"
            return finish(.failure(StreamsError(.illegalState, message)))
        }
        do {
            try startThread(named: "millrace") { self.end(Result { try self.run() }) }
        } catch {
            end(.failure(error))
        }
    }

    /// Deletes the application's state, so that its next start begins anew. Blocks.
    func reset() throws {
        guard state == .created || state.isFinal else {
            throw StreamsError(.illegalState, "the application is \(state.rawValue); stop it before it is reset")
        }
        try ApplicationReset(topology: topology, configuration: configuration, logger: logger).run()
    }

    /// Returns what a reset would delete. Blocks.
    func planReset() throws -> ResetPlan {
        try ApplicationReset(topology: topology, configuration: configuration, logger: logger).plan()
    }

    func requestStop() {
        stopRequested.store(true, ordering: .releasing)
        wakeUp.signal()
        limitClosing()
    }

    /// Ends the application when the time for closing is over, even if something has not closed by then: the broker or the client
    /// library may never answer, and user code may never return. Whatever such a thread uses stays open and locked until the
    /// process ends.
    private func limitClosing() {
        let isFirst = shared.withLock { shared in
            defer { shared.isClosingTimed = true }
            return !shared.isClosingTimed && !shared.state.isFinal
        }
        guard isFirst else { return }
        let limitMs = Int(clamping: configuration.closeTimeout.milliseconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(limitMs)) { [weak self] in
            self?.abandonClosing()
        }
    }

    private func abandonClosing() {
        let (isOver, open, firstError) = shared.withLock { shared in
            (shared.finish == nil, shared.statuses.count, shared.firstError)
        }
        if isOver { return }
        let workers = open == 1 ? "1 worker has" : "\(open) workers have"
        let error = StreamsError(
            .closeTimedOut,
            "\(workers) not closed within \(configuration.closeTimeout): the broker, the client library or a closure of the "
                + "topology does not answer. The application ends without waiting any longer; what was not committed is "
                + "processed again after the next start")
        if firstError != nil { logger.error("\(error)") }
        localStores.end()
        end(.failure(firstError ?? error))
    }

    private func run() throws {
        let problems = configuration.problems() + topology.problems(applicationID: configuration.applicationID)
        guard problems.isEmpty else { throw StreamsError(.configuration, problems.joined(separator: "; ")) }
        let openFiles = OpenFileLimit.raise()
        logger.info(
            "starting",
            metadata: [
                "librdkafka": "\(LibrdkafkaVersion.current)", "guarantee": "\(configuration.guarantee.rawValue)",
                "threads": "\(configuration.threads)", "open-files": "\(openFiles)",
            ])
        guard try awaitSourceTopics() else { return }
        let factory = try WorkerFactory(
            topology: topology, configuration: configuration, pause: pause, logger: logger)
        shared.withLock { ($0.factory, $0.clientID) = (factory, factory.clientID) }
        defer {
            shared.withLock { $0.factory = nil }
            factory.close()
        }
        localStores.begin(factory.inputs)
        move(to: .rebalancing)
        let globalThread = try startGlobalTables(factory)
        defer { globalThread?.stop() }
        // Queries must end before the stores that they read.
        defer { localStores.end() }
        if stopRequested.load(ordering: .acquiring) { return }
        for worker in 0..<configuration.threads { try spawn(worker, factory) }
        shared.withLock { $0.mayResize = true }
        try watch(factory)
    }

    /// Waits for source topics that do not exist, if the configuration says so. Returns whether all exist.
    private func awaitSourceTopics() throws -> Bool {
        guard configuration.missingSourceTopics == .wait else { return true }
        defer { shared.withLock { $0.past.trouble = nil } }
        return try SourceTopicGate(topology, configuration: configuration, logger: logger).wait { message in
            move(to: .rebalancing)
            shared.withLock { $0.past.trouble = message }
        } isGivenUp: {
            stopRequested.load(ordering: .acquiring)
        }
    }

    /// Reads the global tables in full, if there are any.
    private func startGlobalTables(_ factory: WorkerFactory) throws -> GlobalThread? {
        guard factory.hasGlobalTables else { return nil }
        let thread = try GlobalThread.start {
            try factory.makeGlobalTables(localStores: self.localStores)
        } isGivenUp: {
            self.stopRequested.load(ordering: .acquiring)
        } failed: { error in
            self.stop(because: error)
        }
        shared.withLock { $0.globalThread = thread }
        localStores.setGlobal(thread.stores)
        return thread
    }

    /// Reports the application's end, once.
    private func end(_ result: Result<Void, any Error>) {
        let finish = shared.withLock { shared in
            defer { shared.finish = nil }
            return shared.finish
        }
        guard let finish else { return }
        readThreads.close()
        if case .failure(let error) = result {
            logger.error("ended by an error: \(error)")
            move(to: .pendingError)
            move(to: .error)
        } else {
            move(to: .pendingShutdown)
            move(to: .notRunning)
            logger.info("stopped")
        }
        finish(result)
    }

    // MARK: Workers

    func spawn(_ number: Int, _ factory: WorkerFactory) throws {
        let globalStores = shared.withLock { shared in
            shared.statuses[number] = WorkerStatus()
            return shared.globalThread?.stores ?? [:]
        }
        try startThread(named: "millrace-\(number)") {
            let isReplaced = self.runWorker(number, factory, globalStores)
            self.shared.withLock { $0.ended.append((number, isReplaced)) }
            self.wakeUp.signal()
        }
    }

    /// Runs one worker on its thread, from its creation to its end.
    ///
    /// - Returns: whether another worker is to take its place.
    private func runWorker(_ number: Int, _ factory: WorkerFactory, _ globalStores: [String: GlobalStore]) -> Bool {
        var isForGood = false
        do {
            let worker = try factory.makeWorker(number, globalStores: globalStores, localStores: localStores) {
                [weak self] in self?.isWatched.load(ordering: .relaxed) ?? false
            }
            do {
                try worker.start()
                var isRemoved = false
                while !stopRequested.load(ordering: .acquiring), !isRemoved {
                    try worker.step(maxWaitMs: 200)
                    isRemoved = publish(worker.status, of: number)
                }
                isForGood = isRemoved && !stopRequested.load(ordering: .acquiring)
            } catch {
                // Reported before the clients close, which may take long.
                let isReplaced = failed(number, error)
                worker.closeUncommitted()
                publish(worker.status, of: number)
                return isReplaced
            }
            if !isForGood { move(to: .pendingShutdown) }
            try worker.close(isForGood: isForGood)
            publish(worker.status, of: number)
            return false
        } catch {
            return failed(number, error)
        }
    }

    /// Records the error that ends a worker, and stops the application unless the handler has the worker replaced.
    ///
    /// - Returns: whether another worker is to take its place.
    private func failed(_ number: Int, _ error: any Error) -> Bool {
        let error = (error as? PortError)?.asStreamsError ?? error
        logger.error("worker \(number) failed: \(error)")
        shared.withLock { $0.failedCount += 1 }
        recentErrors.add(error, ofThread: number)
        if mayReplace(error) { return true }
        stop(because: error)
        return false
    }

    /// Stops the application because of an error. Only the first error counts.
    private func stop(because error: any Error) {
        shared.withLock { $0.firstError = $0.firstError ?? error }
        move(to: .pendingError)
        requestStop()
    }

    /// Waits until all workers have ended, and replaces those for which the handler says so.
    private func watch(_ factory: WorkerFactory) throws {
        var cleaning = StateCleaning(delay: configuration.stateCleanupDelay, now: clock.monotonic)
        while hasThreads() {
            if wakeUp.wait(timeout: .now() + .milliseconds(cleaning.waitMs(at: clock.monotonic))) == .timedOut {
                // While tasks move, the state of a task that is about to arrive might be taken for state of one that has left.
                if cleaning.isDue(at: clock.monotonic), state == .running { factory.removeObsoleteState() }
                continue
            }
            let ended = shared.withLock { shared in
                defer { shared.ended = [] }
                return shared.ended
            }
            for (number, isReplaced) in ended {
                guard retire(number, isReplaced: isReplaced, factory) else { continue }
                logger.warning("replacing worker \(number)")
                try spawn(number, factory)
            }
        }
        if let error = shared.withLock({ $0.firstError }) { throw error }
    }

    private func mayReplace(_ error: any Error) -> Bool {
        if stopRequested.load(ordering: .acquiring) { return false }
        if let error = error as? StreamsError, [.fenced, .otherTopology].contains(error.code) { return false }
        return handler(error) == .replaceThread
    }

    // MARK: Seen from outside

    var state: ApplicationState { shared.withLock { $0.state } }

    /// The status of each worker that is alive, by its number.
    var workerStatuses: [Int: WorkerStatus] { shared.withLock { $0.statuses } }

    var metrics: StreamsMetrics {
        var metrics = StreamsMetrics()
        let (global, past, statuses) = shared.withLock { shared in
            metrics.applicationID = configuration.applicationID
            metrics.clientID = shared.clientID ?? configuration.applicationID
            metrics.state = shared.state
            metrics.failedThreads = shared.failedCount
            return (shared.globalThread?.counts, shared.past, shared.statuses)
        }
        metrics.stateCacheCapacityInBytes = configuration.stateCacheSizeInBytes
        if let global {
            var status = WorkerStatus()
            status.counts = global
            metrics.add(status)
        }
        metrics.add(past)
        let reading = MetricsReading(
            topology: topology, wallClockMs: clock.wallClockMs(), monotonic: clock.monotonic)
        for (number, status) in statuses.sorted(by: { $0.key < $1.key }) {
            metrics.add(status)
            metrics.add(status, ofThread: number, reading)
        }
        return metrics
    }

    /// The metrics of the databases; `nil` while none can be open.
    var stateMetrics: StateMetrics? { shared.withLock { $0.factory }?.stateMetrics }

    func beginMeasuringLatency() { isWatched.store(true, ordering: .relaxed) }

    func stateChanges() -> AsyncStream<ApplicationState> {
        let (stream, continuation) = AsyncStream.makeStream(of: ApplicationState.self)
        shared.withLock { shared in
            continuation.yield(shared.state)
            if shared.state.isFinal { continuation.finish() } else { shared.observers.append(continuation) }
        }
        return stream
    }

    /// Shows a worker's status. Returns whether the worker is to be removed.
    @discardableResult
    private func publish(_ status: WorkerStatus, of number: Int) -> Bool {
        let (phase, isRemoved) = shared.withLock { shared in
            shared.statuses[number] = status
            let isRunning = shared.statuses.values.allSatisfy { $0.phase == .running }
            return (isRunning ? ApplicationState.running : .rebalancing, shared.removals[number] != nil)
        }
        move(to: phase)
        return isRemoved
    }

    private func move(to next: ApplicationState) {
        let moved = shared.withLock { shared in
            guard shared.state.move(to: next) else { return false }
            for observer in shared.observers {
                observer.yield(next)
                if next.isFinal { observer.finish() }
            }
            if next.isFinal { shared.observers = [] }
            return true
        }
        if moved { logger.info("state", metadata: ["state": "\(next.rawValue)"]) }
    }
}
