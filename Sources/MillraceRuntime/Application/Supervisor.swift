import Dispatch
import KafkaClient
import Logging
import Millrace
import MillraceEngine
import Synchronization

/// Starts an application's workers on threads of their own, watches them and brings them to an end.
///
/// Runs on a thread too, because opening state and asking brokers block. What its threads share is behind one mutex; each
/// worker lives and dies on its own thread.
final class Supervisor: Sendable {
    private let topology: Topology
    private let configuration: StreamsConfiguration
    private let logger: Logger
    private let handler: StreamsApplication.UncaughtErrorHandler
    /// The stores as queries reach them.
    let localStores: LocalStores
    private let shared = Mutex(Shared())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let stopRequested = Atomic<Bool>(false)
    private let clock = SystemClock()

    private struct Shared {
        var state = ApplicationState.created
        var statuses: [Int: WorkerStatus] = [:]
        /// What workers had done that are gone.
        var past = WorkerStatus()
        /// Of the global tables.
        var globalThread: GlobalThread?
        /// Without a number: the global tables' thread.
        var ended: [(worker: Int?, error: (any Error)?)] = []
        var observers: [AsyncStream<ApplicationState>.Continuation] = []
        var finish: (@Sendable (Result<Void, any Error>) -> Void)?
        /// What workers that did not end in time may still use.
        var abandoned: WorkerFactory?
    }

    init(
        topology: Topology, configuration: StreamsConfiguration, logger: Logger,
        uncaughtErrorHandler: @escaping StreamsApplication.UncaughtErrorHandler
    ) {
        self.topology = topology
        self.configuration = configuration
        self.handler = uncaughtErrorHandler
        localStores = LocalStores(topology)
        var logger = logger
        logger[metadataKey: "application"] = "\(configuration.applicationID)"
        self.logger = logger
    }

    // MARK: Starting and stopping

    /// Runs the application on a thread of its own and reports its end, once.
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

    func requestStop() {
        stopRequested.store(true, ordering: .releasing)
        wakeUp.signal()
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
        let factory = try WorkerFactory(topology: topology, configuration: configuration, logger: logger)
        // What a worker that hangs has open stays locked until the process ends.
        defer { if shared.withLock({ $0.abandoned == nil }) { factory.close() } }
        localStores.begin(factory.inputs)
        move(to: .rebalancing)
        let globalThread = try startGlobalTables(factory)
        defer { if shared.withLock({ $0.abandoned == nil }) { globalThread?.stop() } }
        // Queries end before what they read.
        defer { localStores.end() }
        if stopRequested.load(ordering: .acquiring) { return }
        for worker in 0..<configuration.threads { try spawn(worker, factory) }
        try watch(factory)
    }

    /// Reads the global tables in full, if there are any.
    private func startGlobalTables(_ factory: WorkerFactory) throws -> GlobalThread? {
        guard factory.hasGlobalTables else { return nil }
        let thread = try GlobalThread.start {
            try factory.makeGlobalTables()
        } isGivenUp: {
            self.stopRequested.load(ordering: .acquiring)
        } failed: { error in
            self.shared.withLock { $0.ended.append((nil, error)) }
            self.wakeUp.signal()
        }
        shared.withLock { $0.globalThread = thread }
        localStores.setGlobal(thread.stores)
        return thread
    }

    private func end(_ result: Result<Void, any Error>) {
        if case .failure(let error) = result {
            logger.error("ended by an error: \(error)")
            move(to: .pendingError)
            move(to: .error)
        } else {
            move(to: .pendingShutdown)
            move(to: .notRunning)
            logger.info("stopped")
        }
        shared.withLock { shared in
            defer { shared.finish = nil }
            return shared.finish
        }?(result)
    }

    // MARK: Workers

    private func spawn(_ number: Int, _ factory: WorkerFactory) throws {
        let globalStores = shared.withLock { shared in
            shared.statuses[number] = WorkerStatus()
            return shared.globalThread?.stores ?? [:]
        }
        try startThread(named: "millrace-\(number)") {
            var failure: (any Error)?
            do {
                try self.work(
                    number,
                    try factory.makeWorker(number, globalStores: globalStores, localStores: self.localStores))
            } catch let error as PortError {
                failure = error.asStreamsError
            } catch {
                failure = error
            }
            self.shared.withLock { $0.ended.append((number, failure)) }
            self.wakeUp.signal()
        }
    }

    /// The life of one worker, on its thread.
    private func work(_ number: Int, _ worker: Worker) throws {
        do {
            try worker.start()
            while !stopRequested.load(ordering: .acquiring) {
                try worker.step(maxWaitMs: 200)
                publish(worker.status, of: number)
            }
        } catch {
            logger.error("worker \(number) failed: \(error)")
            worker.closeUncommitted()
            publish(worker.status, of: number)
            throw error
        }
        move(to: .pendingShutdown)
        try worker.close()
        publish(worker.status, of: number)
    }

    /// Waits for workers to end until all have, replacing those whose error the handler forgives.
    private func watch(_ factory: WorkerFactory) throws {
        var alive = configuration.threads
        var firstError: (any Error)?
        var cleaning = StateCleaning(delay: configuration.stateCleanupDelay, nowMs: clock.monotonicMs())
        var deadline = ClosingDeadline(configuration.closeTimeout)
        while alive > 0 {
            let now = clock.monotonic
            if stopRequested.load(ordering: .acquiring) { deadline.begin(at: now) }
            if deadline.hasPassed(at: now) {
                shared.withLock { $0.abandoned = factory }
                throw firstError ?? deadline.passed(workers: alive)
            }
            let waitMs = min(cleaning.waitMs(nowMs: now.ms), deadline.waitMs(at: now))
            if wakeUp.wait(timeout: .now() + .milliseconds(waitMs)) == .timedOut {
                // While tasks move, the state of one that is about to come might be taken for one that has gone.
                if cleaning.isDue(nowMs: clock.monotonicMs()), state == .running { factory.removeObsoleteState() }
                continue
            }
            let ended = shared.withLock { shared in
                defer { shared.ended = [] }
                return shared.ended
            }
            for (number, error) in ended {
                guard let number else {
                    firstError = firstError ?? error
                    move(to: .pendingError)
                    requestStop()
                    continue
                }
                retire(number)
                if let error, mayReplace(error) {
                    logger.warning("replacing worker \(number)")
                    try spawn(number, factory)
                    continue
                }
                alive -= 1
                guard let error else { continue }
                firstError = firstError ?? error
                move(to: .pendingError)
                requestStop()
            }
        }
        if let firstError { throw firstError }
    }

    private func mayReplace(_ error: any Error) -> Bool {
        if stopRequested.load(ordering: .acquiring) { return false }
        if let error = error as? StreamsError, [.fenced, .otherTopology].contains(error.code) { return false }
        return handler(error) == .replaceThread
    }

    // MARK: What is seen from outside

    var state: ApplicationState { shared.withLock { $0.state } }

    var metrics: StreamsMetrics {
        shared.withLock { shared in
            var metrics = StreamsMetrics()
            if let globalThread = shared.globalThread {
                var status = WorkerStatus()
                status.counts = globalThread.counts
                metrics.add(status)
            }
            for status in [shared.past] + shared.statuses.sorted(by: { $0.key < $1.key }).map(\.value) {
                metrics.add(status)
            }
            return metrics
        }
    }

    func stateChanges() -> AsyncStream<ApplicationState> {
        let (stream, continuation) = AsyncStream.makeStream(of: ApplicationState.self)
        shared.withLock { shared in
            continuation.yield(shared.state)
            if shared.state.isFinal { continuation.finish() } else { shared.observers.append(continuation) }
        }
        return stream
    }

    private func publish(_ status: WorkerStatus, of number: Int) {
        let phase = shared.withLock { shared in
            shared.statuses[number] = status
            return shared.statuses.values.allSatisfy { $0.phase == .running } ? ApplicationState.running : .rebalancing
        }
        move(to: phase)
    }

    private func retire(_ number: Int) {
        shared.withLock { shared in
            guard let status = shared.statuses.removeValue(forKey: number) else { return }
            shared.past.counts += status.counts
            shared.past.commits += status.commits
            shared.past.commitTimes += status.commitTimes
        }
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

extension StreamsMetrics {
    fileprivate mutating func add(_ status: WorkerStatus) {
        processedRecords += status.counts.processed
        restoredRecords += status.counts.restored
        standbyRecords += status.counts.updated
        deadLetteredRecords += status.counts.deadLettered
        droppedRecords.merge(status.counts.dropped, uniquingKeysWith: +)
        droppedRecordsByOperator.merge(status.counts.droppedByOperator) { $0.merging($1, uniquingKeysWith: +) }
        commits += status.commits
        commitTime += .milliseconds(status.commitTimes.totalMs)
        longestCommit = max(longestCommit, .milliseconds(status.commitTimes.longestMs))
        for (task, counts) in status.countsByTask {
            var metrics = byTask[task.description] ?? TaskMetrics()
            metrics.processedRecords += counts.processed
            metrics.restoredRecords += counts.restored
            metrics.droppedRecords.merge(counts.dropped, uniquingKeysWith: +)
            metrics.droppedByOperator.merge(counts.droppedByOperator) { $0.merging($1, uniquingKeysWith: +) }
            byTask[task.description] = metrics
        }
        for lag in status.storeLags { storeLags[lag.store, default: [:]][lag.partition] = lag }
        lag += status.lag
        tasks += status.tasks.map(\.description)
        standbyTasks += status.standbyTasks.map(\.description)
        if let trouble = status.trouble { troubles.append(trouble) }
        if !status.foreignMembers.isEmpty {
            troubles.append(
                "consumers that are no instances of this application are in its group: "
                    + status.foreignMembers.joined(separator: ", "))
        }
    }
}
