package import Millrace

/// The measurements of a worker, beside its counts.
package struct WorkerMeasures: Sendable {
    package var activities = ActivityTimes()
    /// The times of commits, from the flush of caches to the broker's answer.
    package var commits = LatencyHistogram()
    /// The times from the end of a generation, or the worker's start, until the worker runs its tasks of the next one.
    package var rebalances = LatencyHistogram()
    /// The number of times that processed records had to be processed again, because everything uncommitted was dropped.
    package var aborts = 0
    /// The monotonic time of the last poll.
    package var lastPoll: Moment?
    /// The memory of changes that are not on disk yet.
    package var dirtySizeInBytes = 0
    package var partitions: [PartitionStatus] = []
    package var tasks: [TaskStatus] = []

    package init() {}
}

/// The state of a partition that a task reads.
package struct PartitionStatus: Sendable, Hashable {
    package var partition: TopicPartition
    package var task: TaskID
    /// The number of records that wait in the partition and in the task's queue; `nil` if the partition's end is not known.
    package var lag: Int64?
    /// The timestamp of the record that has waited longest; without one, that of the last record that was processed. `nil` if neither
    /// is known.
    package var oldestMs: Int64?
    /// Whether fetching is paused: the queue is full, the task's stores are being restored, or the task is paused.
    package var isPaused: Bool
    /// The fetched records that wait.
    package var bufferedCount: Int
    package var bufferedSizeInBytes: Int
}

/// The measurements of a task since it was opened.
package struct TaskStatus: Sendable {
    package var id: TaskID
    /// The ages of records when they had been processed, if that is measured.
    package var endToEnd: LatencyHistogram
    /// The times by which records were behind the stream's time, if that is measured.
    package var lateness: LatencyHistogram
    /// The number of records that have gone into each node.
    package var recordsByNode: [String: Int]
    /// The calls of the engine of each store that has one.
    package var engineTimes: [String: EngineTimes]
    /// Whether the instance's user has paused the task.
    package var isPaused: Bool
}

extension Worker {
    /// Measures the rebalance that an event begins or ends.
    func noteRebalance(_ event: Membership.Event) {
        if event.beginsRebalance || membership.partitions == nil { rebalance.begin(at: context.now) }
        guard isActive, let span = rebalance.end(at: context.now) else { return }
        report.measures.rebalances.add(ms: span.ms)
    }

    /// Updates the measurements that are taken now and then. Those of a task that has slept since the last time are as they were.
    func updateMeasures() {
        let awake = Set(tasks.takeUnmeasured())
        report.measures.dirtySizeInBytes = tasks.dirtySizeInBytes
        guard awake.count < tasks.all.count, report.measures.partitions.count == tasks.slots.count else {
            report.measures.tasks = tasks.all.map { status(of: $0) }
            report.measures.partitions = tasks.slots.map { status(of: $0) }
            return
        }
        for index in awake { report.measures.tasks[index] = status(of: tasks.all[index]) }
        for (number, slot) in tasks.slots.enumerated() {
            let last = report.measures.partitions[number]
            let isAsBefore = slot.isAtEnd && last.lag == 0 && last.isPaused == slot.isPaused
            if awake.contains(slot.taskIndex) || !isAsBefore { report.measures.partitions[number] = status(of: slot) }
        }
    }

    private func status(of task: StreamTask) -> TaskStatus {
        TaskStatus(
            id: task.id, endToEnd: task.endToEnd, lateness: task.lateness, recordsByNode: task.recordsByNode,
            engineTimes: task.state.engineTimes, isPaused: pause.isPaused(task))
    }

    private func status(of slot: TaskRegistry.Slot) -> PartitionStatus {
        let lag = lag(of: slot)
        return PartitionStatus(
            partition: slot.partition, task: slot.task.id, lag: lag,
            oldestMs: lag == 0 ? nil : slot.task.oldestTimestampMs(ofPartitionAt: slot.queueIndex),
            isPaused: slot.isPaused,
            bufferedCount: slot.task.bufferedCount(ofPartitionAt: slot.queueIndex),
            bufferedSizeInBytes: slot.task.bufferedSizeInBytes(ofPartitionAt: slot.queueIndex))
    }

    private func lag(of slot: TaskRegistry.Slot) -> Int64? {
        if slot.isAtEnd, slot.task.isEmpty(slot.partition) { return 0 }
        guard let end = ports.consumer.knownEndOffset(of: slot.partition) else { return nil }
        let position = slot.task.position(ofPartitionAt: slot.queueIndex)
        guard let next = position ?? ports.consumer.firstOffset(of: slot.partition) else { return nil }
        return max(0, end - next)
    }
}

/// The time of a rebalance: from the end of a generation until the next one's tasks run.
struct RebalanceTimer {
    private var begun: Moment?

    init(from beginning: Moment) { begun = beginning }

    mutating func begin(at now: Moment) {
        if begun == nil { begun = now }
    }

    /// Returns how long the rebalance took; `nil` if there was none.
    mutating func end(at now: Moment) -> TimeSpan? {
        defer { begun = nil }
        return begun.map { now - $0 }
    }
}

extension Membership.Event {
    /// Whether a generation begins, even if the end of the last one was not announced.
    var beginsRebalance: Bool {
        if case .assigned = self { true } else { false }
    }
}
