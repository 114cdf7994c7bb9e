package import Logging
package import Millrace

/// One member of the group: a consumer, a producer and any number of tasks, which it advances step by step.
///
/// The owner of the worker calls `step` repeatedly from one thread: a thread of the runtime, or the scheduler of a simulation. A
/// step polls, follows the group, restores, processes, and commits when a commit is due. Kafka: `StreamThread`.
///
/// The worker holds little state itself. ``Membership`` decides the actions for an event of the group, and the worker performs
/// them. Each of the other parts owns the state that it changes, and does not know the worker.
package final class Worker {
    let context: WorkerContext
    let offsets: InputOffsets
    let topics: TopicWatch
    let members: MemberWatch
    let changelogs: ChangelogWatch
    let committer: Committer
    let factory: TaskFactory
    let standbys: StandbyKeeper
    let restorer: Restorer
    let requestedStores: RequestedStores
    let report: WorkerReport
    let pause: PauseWatch
    let tasks = TaskRegistry()
    let stopwatch: Stopwatch
    var rebalance: RebalanceTimer
    private(set) var membership = Membership()
    private(set) var retry = Backoff()

    package init(
        topology: Topology, plan: TopicPlan, configuration: WorkerConfiguration, ports: WorkerPorts, logger: Logger
    ) {
        context = WorkerContext(topology: topology, configuration: configuration, ports: ports, logger: logger)
        report = WorkerReport(context)
        pause = PauseWatch(configuration.pausedSubtopologies)
        offsets = InputOffsets()
        topics = TopicWatch(context, plan: plan, offsets: offsets)
        members = MemberWatch(context)
        changelogs = ChangelogWatch(context)
        committer = Committer(context, topics: topics)
        factory = TaskFactory(context, topics: topics, committer: committer, offsets: offsets)
        standbys = StandbyKeeper(context, topics: topics, factory: factory, changelogs: changelogs, report: report)
        restorer = Restorer(context)
        requestedStores = RequestedStores(context, offsets: offsets)
        stopwatch = Stopwatch(ports.clock)
        rebalance = RebalanceTimer(from: context.now)
    }

    var configuration: WorkerConfiguration { context.configuration }
    var ports: WorkerPorts { context.ports }
    var logger: Logger { context.logger }

    /// The number of the application's tasks.
    package var taskCount: Int { topics.plan.tasks.count }

    /// The open tasks, for inspection of their stores.
    package var openTasks: [StreamTask] { tasks.all }

    /// The standbys of this worker, for inspection of their stores.
    package var openStandbys: [TaskState] { standbys.open }

    package var status: WorkerStatus { report.status }

    // MARK: Life

    /// Fences the earlier owner of this worker's transactional id and joins the group. If the broker does not answer in time, the
    /// following steps retry.
    package func start() throws {
        do {
            try subscribeIfNeeded()
        } catch let error as PortError {
            try recover(from: error)
        }
    }

    /// Performs one step.
    ///
    /// - Parameter maxWaitMs: the longest wait for records if there is nothing else to do.
    /// - Throws: an error that makes the worker unusable: one for which a handler has decided to fail, or one of the broker that a
    ///   retry does not mend.
    package func step(maxWaitMs: Int) throws {
        stopwatch.run(configuration.isWatched())
        do {
            try receive(try stopwatch.during(.poll) { try tracedPoll(maxWaitMs: maxWaitMs) })
            report.measures.lastPoll = context.now
            try changelogs.lookIfInDoubt()
            if !retry.isWaiting(at: context.now) {
                try work()
                if retry.hasFailed { report.clearTrouble() }
                retry.succeeded()
            }
        } catch let error as PortError {
            try recover(from: error)
        }
        refreshIndexes()
        clearTroubleIfOver()
        updateReport()
        tasks.settle(at: context.now)
    }

    private func work() throws {
        if membership.state != .joining { try lookForTopicsIfDue() }
        try subscribeIfNeeded()
        if committer.hasPendingCommit { try commit() }
        try joinIfKnown()
        if isActive {
            try followPause()
            try stopwatch.during(.standby) { try standbys.step(mayRead: restorer.isIdle) }
            try restore()
            try process()
            try resume()
            try commitIfDue()
        }
        if requestedStores.haveChanged {
            try requestedStores.follow(
                isActive ? restored(tasks.all) : [], standbys: standbys.open,
                areTasksComplete: isActive && restorer.isIdle)
        }
    }

    /// Commits, makes the stores durable, closes them and leaves the group.
    ///
    /// If the broker does not answer, or the group is rebalancing, the next owner of the tasks processes again whatever is not
    /// committed: that is no failure.
    ///
    /// - Parameter isForGood: whether the member does not come back. Then a static one leaves too, so that its tasks move at once.
    package func close(isForGood: Bool = false) throws {
        defer {
            if isForGood { leaveForGood() }
            closePorts()
        }
        do {
            if isActive { try commit() }
            try closeTasks()
            standbys.close()
        } catch let error as PortError where error.isHarmlessAtTheEnd {
            logger.warning("the last commit failed; its records will be processed again: \(error)")
            closeUncommittedKeepingPorts()
        } catch {
            logger.error("the last commit failed; its records will be processed again: \(error)")
            closeUncommittedKeepingPorts()
            throw (error as? PortError)?.asStreamsError ?? error
        }
    }

    /// Drops everything that is not committed and abandons the group.
    package func closeUncommitted() {
        closeUncommittedKeepingPorts()
        closePorts()
    }

    private func closeUncommittedKeepingPorts() {
        dropUncommitted()
        standbys.close()
    }

    private func closePorts() {
        factory.forgetExpectedStores()
        restorer.close()
        standbys.closeReader()
        committer.close()
        ports.consumer.close()
    }

    // MARK: The group

    /// Whether the tasks are those of the group's present generation.
    var isActive: Bool { membership.state == .active }

    /// Passes an event to the state machine and performs the actions.
    ///
    /// - Parameter starts: the start offsets of the partitions of tasks that are opened.
    func handle(_ event: Membership.Event, from starts: StartOffsets = StartOffsets()) throws {
        defer { noteRebalance(event) }
        for action in membership.handle(event) { try perform(action, from: starts) }
    }

    /// Subscribes to the topics, or to none if there is nothing to read, unless that has been done.
    private func subscribeIfNeeded() throws {
        switch membership.state {
        case .unsubscribed:
            // A member that joins again gets a producer with its tasks. Outside the group, two instances with the same id would
            // fence each other's producers forever.
            if membership.memberID == nil { _ = try committer.producer() }
            try members.checkTopology(beside: topics.plan.subscription)
            try topics.subscribe()
            try handle(.subscribed)
        case .awaitingTopics: if topics.isSubscriptionOutdated { try topics.subscribe() }
        case .unassigned, .joining, .active: break
        }
    }

    /// Leaves the group. If the broker does not accept that, the following steps retry.
    func leave() {
        do { try topics.subscribe() } catch { logger.debug("while leaving the group: \(error)") }
    }

    // MARK: Processing

    /// The tasks whose stores are complete and that may have something to do, if only to commit.
    var completeTasks: [StreamTask] { restored(tasks.awake) }

    /// Those of them that are not paused: they process records and run their punctuations.
    var runningTasks: [StreamTask] { completeTasks.filter { !pause.isPaused($0) } }

    func restored(_ tasks: [StreamTask]) -> [StreamTask] {
        restorer.isIdle ? tasks : tasks.filter { !restorer.isRestoring($0) }
    }

    private func restore() throws {
        guard restorer.hasWork else { return }
        let wait = runningTasks.contains(where: tasks.isProcessable) ? 0 : 20
        try stopwatch.during(.restore) {
            try restorer.step(maxRecords: configuration.maxRecordsPerStep * 10, timeoutMs: wait)
        }
        if restorer.hasTrouble { changelogs.raiseDoubt() }
        tasks.wakeAll()
    }

    private func process() throws {
        tasks.wake(at: context.now)
        for task in runningTasks {
            try punctuate(task)
            if tasks.isProcessable(task) { try stopwatch.during(.process) { try process(task) } }
        }
        try committer.poll()
    }

    private func process(_ task: StreamTask) throws {
        var left = configuration.maxRecordsPerStep
        while left > 0, tasks.isProcessable(task) {
            try committer.beginTransactionIfNeeded()
            let done = try allOrNothing { try tracedProcess(task, atMost: left) }
            if done == 0 { break }
            left -= done
        }
    }

    /// Runs the work of a task that is due by the wall clock, with or without records.
    private func punctuate(_ task: StreamTask) throws {
        let isDue = task.nextWallClockPunctuation?.isReached(by: context.now) ?? false
        guard task.isToBeStarted || isDue else { return }
        try committer.beginTransactionIfNeeded()
        try stopwatch.during(.punctuate) { try allOrNothing { try task.punctuateWallClock() } }
    }

    /// Publishes what other threads have made for indexes, also of tasks that have nothing to do: their next commit may never come.
    private func refreshIndexes() {
        for task in tasks.indexed { task.state.refreshIndexesIfWanted() }
        standbys.refreshIndexesIfWanted()
    }

    // MARK: Committing

    private func commitIfDue() throws {
        tasks.updateDirtySizes()
        let isFull = tasks.dirtySizeInBytes > configuration.stateCacheSizeInBytes() / 2
        guard isFull || committer.isCommitDue || completeTasks.contains(where: \.isCommitRequested) else { return }
        try commit()
        try stopwatch.during(.checkpoint) { try checkpointIfDue(isFull: isFull) }
        try committer.purgeIfDue()
    }

    /// Commits everything that was processed in the generation, which may be over by now.
    func commit() throws {
        let commit = try stopwatch.during(.commit) { try tracedCommit() }
        guard let commit else { return }
        offsets.recordCommit(of: commit.offsets)
        report.recordCommit(took: commit.span)
    }

    /// Writes a checkpoint of state that exceeds its memory. The first commit makes state durable, and later ones do so once an
    /// interval.
    private func checkpointIfDue(isFull: Bool) throws {
        let isDue = committer.isCheckpointDue
        for task in isDue || isFull ? restored(tasks.all) : completeTasks {
            let isFirst = task.state.awaitsFirstCheckpoint
            if isDue || isFull || isFirst { try task.state.checkpoint(durably: isDue || isFirst) }
        }
        if isDue || isFull { tasks.updateDirtySizes(ofSleeping: true) }
        guard isDue else { return }
        for state in standbys.open { try state.checkpoint(durably: true) }
        committer.recordCheckpoint()
    }

    // MARK: Errors

    func recordFailure() { retry.failed(at: context.now) }

    var isRetryDelayed: Bool { retry.isWaiting(at: context.now) }
}
