package import Logging
package import Millrace

/// What a worker works with. Each worker has consumers and a producer of its own.
package struct WorkerPorts {
    package var consumer: any GroupConsumer
    package var makeRestoreConsumer: () throws -> any ReaderPort
    /// Makes the reader of changelogs for standbys; by default one like that of restores.
    package var makeStandbyConsumer: (() throws -> any ReaderPort)?
    /// Makes the producer, and another one when that is lost.
    package var makeProducer: () throws -> any ProducerPort
    package var admin: any AdminPort
    package var provider: (any StoreProvider)?
    package var clock: any Clock
    /// The stores of the instance's global tables, by name.
    package var globalStores: [String: GlobalStore]
    /// Where queries reach the tasks' stores; `nil` where nobody queries.
    package var localStores: LocalStores?

    package init(
        consumer: any GroupConsumer, makeRestoreConsumer: @escaping () throws -> any ReaderPort,
        makeProducer: @escaping () throws -> any ProducerPort, admin: any AdminPort, provider: (any StoreProvider)?,
        clock: any Clock, globalStores: [String: GlobalStore] = [:], localStores: LocalStores? = nil
    ) {
        self.localStores = localStores
        self.globalStores = globalStores
        self.consumer = consumer
        self.makeRestoreConsumer = makeRestoreConsumer
        self.makeProducer = makeProducer
        self.admin = admin
        self.provider = provider
        self.clock = clock
    }
}

/// One member of the group: a consumer, a producer and any number of tasks, moved on step by step.
///
/// Whoever owns the worker calls `step` again and again from one thread: a thread of the runtime, or the scheduler of a
/// simulation. A step polls, follows the group, restores, processes, and commits when it is time. Kafka: `StreamThread`.
package final class Worker {
    let topology: Topology
    /// Changes with the topics that match sources by pattern.
    var plan: TopicPlan
    let hasSourcePatterns: Bool
    let configuration: WorkerConfiguration
    let ports: WorkerPorts
    let logger: Logger
    let restorer: Restorer
    let standbyReader: StandbyReader
    /// The producer of the present generation; `nil` after it was lost, until the next.
    private(set) var currentProducer: (any ProducerPort)?
    private var isProducerRegistered = false
    var tasks = TaskRegistry()
    /// Stores of tasks that other instances run, kept up to date.
    var standbys: [TaskID: TaskState] = [:]
    var group = GroupProgress()
    /// Whether this worker has asked to be a member of the group.
    var isRegistered = false
    /// Whether it has looked which topology the group runs.
    var isTopologyChecked = false
    var isInTransaction = false
    var pendingCommit: PendingCommit?
    var retry = Backoff()
    var changelogDoubt = ChangelogDoubt()
    /// Standbys are retried alone: the active tasks do not wait for them.
    var standbyRetry = Backoff()
    var commits: Periodic
    var checkpoints: Periodic
    var purges: Periodic
    var standbyChecks: Periodic
    var troubleChecks: Periodic
    var lagUpdates: Periodic
    var topicCheck: TopicCheck
    var purgeable: [TopicPartition: Int64] = [:]
    package internal(set) var status = WorkerStatus()

    package init(
        topology: Topology, plan: TopicPlan, configuration: WorkerConfiguration, ports: WorkerPorts, logger: Logger
    ) {
        self.topology = topology
        self.plan = plan
        hasSourcePatterns = topology.hasSourcePatterns
        self.configuration = configuration
        self.ports = ports
        self.logger = logger
        restorer = Restorer(
            logger: logger, listener: configuration.restoreListener, makeConsumer: ports.makeRestoreConsumer)
        standbyReader = StandbyReader(
            logger: logger, listener: configuration.standbyListener,
            makeConsumer: ports.makeStandbyConsumer ?? ports.makeRestoreConsumer)
        let now = ports.clock.monotonic
        func every(_ ms: Int64) -> Periodic { Periodic(every: TimeSpan(ms: ms), from: now) }
        commits = every(configuration.commitIntervalMs)
        checkpoints = every(configuration.checkpointIntervalMs)
        purges = every(configuration.purgeIntervalMs)
        standbyChecks = every(configuration.standbyCheckIntervalMs)
        troubleChecks = every(1_000)
        lagUpdates = every(500)
        topicCheck = TopicCheck(at: ports.clock, every: TimeSpan(ms: configuration.topicCheckIntervalMs))
    }

    /// Takes the place of whoever had this worker's transactional id and joins the group. Where the broker does not answer
    /// in time, the steps that follow try again.
    package func start() throws {
        do {
            try register()
        } catch let error as PortError {
            try recover(from: error)
        }
    }

    private func register() throws {
        if isRegistered { return }
        // Who joins again gets a producer with its tasks: outside the group, two instances with the same id would take it from
        // each other for ever.
        if group.memberID == nil { _ = try producer() }
        try checkTopologyOfGroup()
        try subscribe(to: group.subscription ?? Set(plan.subscription))
        isRegistered = true
    }

    /// The producer, a new one where the last was lost. Registering its transactional id rolls back what that left open.
    func producer() throws -> any ProducerPort {
        let producer = try currentProducer ?? ports.makeProducer()
        currentProducer = producer
        if configuration.guarantee == .exactlyOnce, !isProducerRegistered {
            try producer.initTransactions()
            isProducerRegistered = true
        }
        return producer
    }

    /// Lets a producer go that is of no use any more. The tasks that write to it have to be closed.
    func dropProducer() {
        currentProducer?.close()
        currentProducer = nil
        isProducerRegistered = false
        isInTransaction = false
    }

    /// How many tasks the application has.
    package var taskCount: Int { plan.tasks.count }

    /// The tasks that are open, for those who look at their stores.
    package var openTasks: [StreamTask] { tasks.all }

    /// The stores of other instances' tasks that are kept up to date here, for those who look at them.
    package var openStandbys: [TaskState] { standbys.values.sorted { $0.id < $1.id } }

    /// Does what there is to do.
    ///
    /// - Parameter maxWaitMs: how long to wait for records where there is nothing else to do.
    /// - Throws: what makes the worker unusable: an error that a handler did not forgive, or one of the broker that trying
    ///   again does not mend.
    package func step(maxWaitMs: Int) throws {
        do {
            try receive(try poll(maxWaitMs: maxWaitMs))
            try lookForDoubtfulChangelogs()
            if !retry.isWaiting(at: ports.clock.monotonic) {
                try goOn()
                if retry.hasFailed { status.trouble = nil }
                retry.succeeded()
            }
        } catch let error as PortError {
            try recover(from: error)
        }
        clearTroubleIfOver()
        updateStatus()
    }

    private func goOn() throws {
        try register()
        try lookForTopicsIfDue()
        if pendingCommit != nil { try commit() }
        try joinIfKnown()
        try keepStandbys()
        try restore()
        try process()
        try resume()
        try commitIfDue()
        try followWantedStores()
    }

    /// Makes the stores readable that somebody wants to query, as soon as all of them is committed.
    private func followWantedStores() throws {
        guard ports.localStores != nil else { return }
        for task in runningTasks where task.state.hasStoresToFollow {
            if task.hasProgress { task.requestCommit() } else { try task.state.followWantedStores() }
        }
        for state in openStandbys where state.hasStoresToFollow { try state.followWantedStores() }
    }

    /// Commits, makes the stores durable, closes them and leaves the group.
    ///
    /// Where the broker does not answer, or the group is just changing hands, what is not committed is processed again by
    /// whoever has the tasks next: that is no failure.
    package func close() throws {
        defer { closePorts() }
        do {
            try commit()
            try closeTasks()
            closeStandbys()
        } catch let error as PortError where error.isHarmlessAtTheEnd {
            logger.warning("the last commit failed; its records will be processed again: \(error)")
            closeUncommittedKeepingPorts()
        } catch {
            logger.error("the last commit failed; its records will be processed again: \(error)")
            closeUncommittedKeepingPorts()
            throw (error as? PortError)?.asStreamsError ?? error
        }
    }

    /// Drops everything that is not committed and lets go of the group.
    package func closeUncommitted() {
        closeUncommittedKeepingPorts()
        closePorts()
    }

    private func closeUncommittedKeepingPorts() {
        closeTasksUncommitted()
        closeStandbys()
    }

    private func closePorts() {
        forgetExpectedStores()
        restorer.close()
        standbyReader.close()
        currentProducer?.close()
        ports.consumer.close()
    }

    // MARK: Input

    private func poll(maxWaitMs: Int) throws(PortError) -> PollResult {
        let untilCommit = commits.wait(at: ports.clock.monotonic)
        let running = runningTasks
        let wait: Int
        if retry.isWaiting(at: ports.clock.monotonic) || group.isWaiting {
            wait = min(maxWaitMs, 20)
        } else if !restorer.isIdle || standbyReader.hasMore || running.contains(where: tasks.isProcessable) {
            wait = 0
        } else {
            let longest = self.wait(of: running, atMost: standbyReader.isEmpty ? maxWaitMs : min(maxWaitMs, 100))
            wait = running.contains(where: \.hasProgress) ? min(longest, Int(untilCommit.ms)) : longest
        }
        return try ports.consumer.poll(maxRecords: configuration.maxRecordsPerStep, timeoutMs: wait)
    }

    private func receive(_ polled: PollResult) throws {
        if !polled.records.isEmpty { status.trouble = nil }
        tasks.add(polled.records)
        var outOfRange: [Int] = []
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, _): tasks.noteEnd(ofSlot: slot)
            case .topicUnavailable(let message):
                logger.warning("\(message)")
                group.mayMissTopics = true
            case .trouble(let message):
                if status.trouble != message { logger.warning("\(message)") }
                status.trouble = message
            case .offsetOutOfRange(let slot): outOfRange.append(slot)
            }
        }
        for event in ports.consumer.takeMembershipEvents() {
            switch event {
            case .assigned(let partitions):
                // A generation that nobody said had ended.
                if group.isActive { try endGeneration(lost: true) }
                beginGeneration(partitions)
            case .revoked: try endGeneration(lost: false)
            case .lost: try endGeneration(lost: true)
            }
        }
        if !outOfRange.isEmpty { try resetOffsets(ofSlots: outOfRange) }
        try pauseFull()
    }

    /// Back-pressure: a partition that waits for another one of its task must not fill the memory.
    private func pauseFull() throws(PortError) {
        let full = tasks.pause { isFilled($0, beyond: 1) }
        if !full.isEmpty { try ports.consumer.pause(full) }
    }

    private func resume() throws(PortError) {
        let drained = tasks.resume { !restorer.isRestoring($0.task) && !isFilled($0, beyond: 2) }
        if !drained.isEmpty { try ports.consumer.resume(drained) }
    }

    /// Whether more waits in a partition than a part of what may.
    private func isFilled(_ slot: TaskRegistry.Slot, beyond divisor: Int) -> Bool {
        slot.task.bufferedCount(ofPartitionAt: slot.place) > configuration.maxBufferedRecordsPerPartition / divisor
            || slot.task.bufferedSizeInBytes(ofPartitionAt: slot.place)
                > configuration.maxBufferedSizeInBytesPerPartition / divisor
    }

    // MARK: Processing

    /// The tasks that may process: those of the present generation whose stores are complete.
    var runningTasks: [StreamTask] {
        guard group.isActive else { return [] }
        return restorer.isIdle ? tasks.all : tasks.all.filter { !restorer.isRestoring($0) }
    }

    private func restore() throws {
        guard restorer.hasWork, group.isActive else { return }
        let wait = runningTasks.contains(where: tasks.isProcessable) ? 0 : 20
        try restorer.step(maxRecords: configuration.maxRecordsPerStep * 10, timeoutMs: wait)
        if restorer.hasTrouble { doubtChangelogs() }
    }

    private func process() throws {
        for task in runningTasks {
            try punctuate(task)
            var left = configuration.maxRecordsPerStep
            while left > 0, tasks.isProcessable(task) {
                try beginTransactionIfNeeded()
                let done = try untorn { try task.process(atMost: left) }
                if done == 0 { break }
                left -= done
            }
        }
        if configuration.guarantee == .atLeastOnce || isInTransaction { try producer().poll() }
    }

    /// Runs what a task has to do by the wall clock, records or not.
    private func punctuate(_ task: StreamTask) throws {
        let isDue = task.nextWallClockPunctuation?.isReached(by: ports.clock.monotonic) ?? false
        guard task.isToBeStarted || isDue else { return }
        try beginTransactionIfNeeded()
        try untorn { try task.punctuateWallClock() }
    }

    /// How long until a task has something to do by the wall clock; no longer than `maxWaitMs`.
    private func wait(of running: [StreamTask], atMost maxWaitMs: Int) -> Int {
        guard let next = running.compactMap(\.nextWallClockPunctuation).min() else { return maxWaitMs }
        return min(maxWaitMs, Int(max(.zero, next - ports.clock.monotonic).ms))
    }
}
