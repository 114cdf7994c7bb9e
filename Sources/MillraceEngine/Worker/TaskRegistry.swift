import Millrace

/// The tasks of a worker whose stores are open, in the order of their ids, and the partitions that are read for them.
///
/// While the group rebalances the tasks are kept but not run, and nothing is read.
///
/// A task sleeps while it has nothing to do: no records wait, nothing is to be committed, no punctuation is due. A step visits only
/// the tasks that are awake, so that a thousand sleeping tasks cost no more than one.
final class TaskRegistry {
    /// A partition that is being read.
    struct Slot {
        let partition: TopicPartition
        let task: StreamTask
        /// The partition's index among those of its task.
        let queueIndex: Int
        /// The task's index in ``all``.
        let taskIndex: Int
        var isPaused = false
        /// Whether everything that the partition holds has been fetched.
        var isAtEnd = false
    }

    private(set) var all: [StreamTask] = []
    /// The tasks whose stores have indexes.
    private(set) var indexed: [StreamTask] = []
    /// The ids of all tasks.
    private(set) var ids: [TaskID] = []
    /// The slots by number; those of a task are adjacent.
    private(set) var slots: [Slot] = []
    /// The slots of each task, by its index; empty while nothing is read.
    private var slotsOfTasks: [Range<Int>] = []
    private var awakeIndices = IndexSet()
    /// The tasks that have been awake since they were last measured.
    private var unmeasured = IndexSet()
    /// The wall-clock times at which sleeping tasks have something to do.
    private var alarms = TimestampHeap()
    private var pausedSlots = IndexSet()
    /// The slots that got records since the last check of whether they are full.
    private var filledSlots = IndexSet()
    private var dirtySizes: [Int] = []
    /// The memory of the tasks' changes that are not on disk yet.
    private(set) var dirtySizeInBytes = 0

    subscript(id: TaskID) -> StreamTask? {
        let index = index(of: id)
        return all.indices.contains(index) && all[index].id == id ? all[index] : nil
    }

    /// Adds a task. Nothing is read until slots are added again.
    func insert(_ task: StreamTask) {
        all.insert(task, at: index(of: task.id))
        reset()
    }

    /// Removes a task. Nothing is read until slots are added again.
    func remove(_ task: StreamTask) {
        all.removeAll { $0 === task }
        reset()
    }

    /// Returns the index of the task with this id, or the one that it would get.
    private func index(of id: TaskID) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func reset() {
        removeSlots()
        ids = all.map(\.id)
        indexed = all.filter(\.state.hasIndexes)
        alarms.removeAll()
        awakeIndices = IndexSet(count: all.count)
        unmeasured = IndexSet(count: all.count)
        dirtySizes = Array(repeating: 0, count: all.count)
        dirtySizeInBytes = 0
        for index in all.indices { wake(index) }
    }

    // MARK: Waking and sleeping

    /// The tasks that may have something to do.
    var awake: [StreamTask] { awakeIndices.sorted.map { all[$0] } }

    /// Wakes all tasks.
    func wakeAll() {
        for index in all.indices { wake(index) }
        alarms.removeAll()
    }

    private func wake(_ index: Int) {
        awakeIndices.insert(index)
        unmeasured.insert(index)
    }

    /// Returns the indices of the tasks that have been awake since the last call: only their measurements have changed.
    func takeUnmeasured() -> [Int] {
        let taken = unmeasured.sorted
        unmeasured.removeAll { _ in true }
        for index in awakeIndices.sorted { unmeasured.insert(index) }
        return taken
    }

    /// Wakes the tasks that have something to do at this time of the wall clock.
    func wake(at now: Moment) {
        while let timestampMs = alarms.firstTimestampMs, Moment(ms: timestampMs).isReached(by: now),
            let index = alarms.removeFirst()
        {
            wake(index)
        }
    }

    /// Returns the next wall-clock time at which a task has something to do; `nil` if none has.
    ///
    /// - Parameter isExcepted: whether a task that is awake does not count. One that sleeps counts once, for its alarm wakes it.
    func nextPunctuation(except isExcepted: (StreamTask) -> Bool) -> Moment? {
        let sleeping = alarms.firstTimestampMs.map { Moment(ms: $0) }
        let awake = awakeIndices.sorted.compactMap { isExcepted(all[$0]) ? nil : all[$0].nextWallClockPunctuation }
        return (awake + (sleeping.map { [$0] } ?? [])).min()
    }

    /// Puts the tasks to sleep that have nothing to do.
    func settle(at now: Moment) {
        awakeIndices.removeAll { index in
            let task = all[index]
            if task.hasWork || hasRecords(index) { return false }
            guard let next = task.nextWallClockPunctuation else { return true }
            if next.isReached(by: now) { return false }
            alarms.insert(queue: index, timestampMs: next.ms)
            return true
        }
    }

    private func hasRecords(_ index: Int) -> Bool {
        slotsOfTasks.indices.contains(index)
            && slotsOfTasks[index].contains { all[index].bufferedCount(ofPartitionAt: slots[$0].queueIndex) > 0 }
    }

    /// Adds up the memory of changes that are not on disk yet. The figures of sleeping tasks are not updated.
    func updateDirtySizes(ofSleeping isOfAll: Bool = false) {
        for index in isOfAll ? Array(all.indices) : awakeIndices.sorted {
            let size = all[index].state.dirtySizeInBytes
            dirtySizeInBytes += size - dirtySizes[index]
            dirtySizes[index] = size
        }
    }

    // MARK: Slots

    /// Replaces all slots: each partition of each task gets the next number.
    func addSlots() {
        removeSlots()
        for (index, task) in all.enumerated() {
            let first = slots.count
            for (queueIndex, partition) in task.partitions.enumerated() {
                slots.append(Slot(partition: partition, task: task, queueIndex: queueIndex, taskIndex: index))
            }
            slotsOfTasks.append(first..<slots.count)
        }
        pausedSlots = IndexSet(count: slots.count)
        filledSlots = IndexSet(count: slots.count)
        wakeAll()
    }

    func removeSlots() {
        slots = []
        slotsOfTasks = []
        pausedSlots = IndexSet()
        filledSlots = IndexSet()
    }

    /// Adds the runs to their tasks.
    func add(_ runs: [RecordRun]) {
        for run in runs where slots.indices.contains(run.slot) {
            slots[run.slot].isAtEnd = false
            slots[run.slot].task.add(run, toPartitionAt: slots[run.slot].queueIndex)
            filledSlots.insert(run.slot)
            wake(slots[run.slot].taskIndex)
        }
    }

    /// Returns the partitions of some slots, in order.
    func partitions(ofSlots numbers: Set<Int>) -> [TopicPartition] {
        numbers.filter(slots.indices.contains).map { slots[$0].partition }.sorted()
    }

    /// Records that everything in a slot's partition has been fetched.
    ///
    /// - Parameter offset: the end of the partition.
    func recordEnd(ofSlot slot: Int, at offset: Int64) {
        guard slots.indices.contains(slot) else { return }
        slots[slot].isAtEnd = true
        let task = slots[slot].task
        task.recordEnd(at: offset, ofPartitionAt: slots[slot].queueIndex)
        if task.hasProgress { wake(slots[slot].taskIndex) }
    }

    /// Forgets of slots that everything in their partitions has been fetched.
    func forgetEnds(where condition: (Slot) -> Bool) {
        for index in slots.indices where condition(slots[index]) { slots[index].isAtEnd = false }
    }

    /// Pauses the slots that satisfy a condition. Returns their partitions.
    func pause(where condition: (Slot) -> Bool) -> [TopicPartition] { pause(slots.indices, where: condition) }

    /// Pauses the slots that got records since the last call and satisfy a condition. Returns their partitions.
    func pauseFilled(where condition: (Slot) -> Bool) -> [TopicPartition] {
        defer { filledSlots.removeAll { _ in true } }
        return pause(filledSlots.sorted, where: condition)
    }

    private func pause(_ indices: some Sequence<Int>, where condition: (Slot) -> Bool) -> [TopicPartition] {
        var paused: [TopicPartition] = []
        for index in indices where !slots[index].isPaused && condition(slots[index]) {
            slots[index].isPaused = true
            pausedSlots.insert(index)
            paused.append(slots[index].partition)
        }
        return paused
    }

    /// Resumes the paused slots that satisfy a condition. Returns their partitions.
    func resume(where condition: (Slot) -> Bool) -> [TopicPartition] {
        var resumed: [TopicPartition] = []
        pausedSlots.removeAll { index in
            guard condition(slots[index]) else { return false }
            slots[index].isPaused = false
            resumed.append(slots[index].partition)
            return true
        }
        return resumed
    }

    /// Whether the next record of a task is known. It is not while a partition is known to hold records that it has not delivered.
    func isProcessable(_ task: StreamTask) -> Bool {
        let index = index(of: task.id)
        guard slotsOfTasks.indices.contains(index) else { return false }
        let range = slotsOfTasks[index]
        var hasRecords = false
        for slot in range {
            if task.bufferedCount(ofPartitionAt: slots[slot].queueIndex) > 0 {
                hasRecords = true
            } else if range.count > 1, !slots[slot].isAtEnd {
                return false
            }
        }
        return hasRecords
    }
}

/// A subset of the first whole numbers. Iterating over few members of many numbers is cheap.
private struct IndexSet {
    private var isMember: [Bool]
    private var members: [Int] = []
    private var isSorted = true

    /// - Parameter count: the number of numbers.
    init(count: Int = 0) { isMember = Array(repeating: false, count: count) }

    mutating func insert(_ index: Int) {
        guard !isMember[index] else { return }
        isMember[index] = true
        isSorted = isSorted && (members.last.map { $0 < index } ?? true)
        members.append(index)
    }

    /// The members in ascending order.
    var sorted: [Int] {
        mutating get {
            if !isSorted { members.sort() }
            isSorted = true
            return members
        }
    }

    mutating func removeAll(where condition: (Int) -> Bool) {
        members = sorted.filter { index in
            guard condition(index) else { return true }
            isMember[index] = false
            return false
        }
    }
}
