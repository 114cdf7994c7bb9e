import Millrace

/// The tasks of a worker whose stores are open, in the order of their ids, and the partitions that are read for them.
///
/// While the group rebalances the tasks are kept, but not run, and nothing is read.
struct TaskRegistry {
    /// A partition that is being read.
    struct Slot {
        let partition: TopicPartition
        let task: StreamTask
        /// The partition's place among those of its task.
        let place: Int
        var isPaused = false
        /// Whether everything that the partition holds has been fetched.
        var isAtEnd = false
    }

    private(set) var all: [StreamTask] = []
    /// The slots by their numbers; those of a task follow each other.
    private(set) var slots: [Slot] = []
    private var slotsOfTask: [TaskID: Range<Int>] = [:]

    subscript(id: TaskID) -> StreamTask? {
        let place = place(of: id)
        return all.indices.contains(place) && all[place].id == id ? all[place] : nil
    }

    mutating func insert(_ task: StreamTask) { all.insert(task, at: place(of: task.id)) }

    mutating func remove(_ task: StreamTask) { all.removeAll { $0 === task } }

    /// The place of the task with this id, or the one that it would take.
    private func place(of id: TaskID) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Slots

    /// Gives each partition of a task the next free slot. Returns the slots.
    mutating func addSlots(of task: StreamTask) -> Range<Int> {
        let first = slots.count
        for (place, partition) in task.partitions.enumerated() {
            slots.append(Slot(partition: partition, task: task, place: place))
        }
        slotsOfTask[task.id] = first..<slots.count
        return first..<slots.count
    }

    mutating func removeSlots() {
        slots = []
        slotsOfTask = [:]
    }

    /// Hands the records to their tasks. Those of one partition come in long runs.
    mutating func add(_ records: [FetchedRecord]) {
        var start = 0
        while start < records.count {
            let slot = records[start].slot
            var end = start + 1
            while end < records.count, records[end].slot == slot { end += 1 }
            if slots.indices.contains(slot) {
                slots[slot].isAtEnd = false
                slots[slot].task.add(records[start..<end], toPartitionAt: slots[slot].place)
            }
            start = end
        }
    }

    /// Notes that everything that a slot's partition holds has been fetched.
    mutating func noteEnd(ofSlot slot: Int) {
        if slots.indices.contains(slot) { slots[slot].isAtEnd = true }
    }

    /// Pauses the slots that are read and meet a condition. Returns their partitions.
    mutating func pause(where condition: (Slot) -> Bool) -> [TopicPartition] {
        set(isPaused: true, where: condition)
    }

    /// Takes up the slots again that are paused and meet a condition. Returns their partitions.
    mutating func resume(where condition: (Slot) -> Bool) -> [TopicPartition] {
        set(isPaused: false, where: condition)
    }

    private mutating func set(isPaused: Bool, where condition: (Slot) -> Bool) -> [TopicPartition] {
        var changed: [TopicPartition] = []
        for index in slots.indices where slots[index].isPaused != isPaused && condition(slots[index]) {
            slots[index].isPaused = isPaused
            changed.append(slots[index].partition)
        }
        return changed
    }

    /// Whether the next record of a task is known: data that a partition is known to hold and has not delivered is awaited.
    func isProcessable(_ task: StreamTask) -> Bool {
        guard let range = slotsOfTask[task.id] else { return false }
        var hasRecords = false
        for index in range {
            if task.bufferedCount(ofPartitionAt: slots[index].place) > 0 {
                hasRecords = true
            } else if range.count > 1, !slots[index].isAtEnd {
                return false
            }
        }
        return hasRecords
    }
}
