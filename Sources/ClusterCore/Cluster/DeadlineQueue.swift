/// Keys by deadline, the earliest first; equal deadlines in the order they were added. A binary heap.
///
/// Entries cannot be withdrawn. The caller that takes one has to check whether it is still valid.
struct DeadlineQueue<Key: Sendable>: Sendable {
    private struct Entry: Sendable {
        var deadlineMs: Int64
        var number: UInt64
        var key: Key

        @inline(__always)
        func precedes(_ other: Entry) -> Bool {
            deadlineMs == other.deadlineMs ? number < other.number : deadlineMs < other.deadlineMs
        }
    }

    private var heap: [Entry] = []
    private var nextNumber: UInt64 = 0

    /// The earliest deadline.
    var nextDeadlineMs: Int64? { heap.first?.deadlineMs }

    mutating func add(_ key: Key, at deadlineMs: Int64) {
        heap.append(Entry(deadlineMs: deadlineMs, number: nextNumber, key: key))
        nextNumber += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes the earliest entry if its time has come.
    mutating func takeDue(nowMs: Int64) -> (key: Key, deadlineMs: Int64)? {
        // The end of time never comes.
        guard let first = heap.first, first.deadlineMs <= nowMs, first.deadlineMs < .max else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if heap[child].precedes(heap[least]) { least = child }
                }
                guard least != parent else { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.key, first.deadlineMs)
    }
}
