/// The queues that have a record ready, the one with the lowest timestamp first.
///
/// Equal timestamps have the order of a binary heap, by the steps of Java's `PriorityQueue`: Kafka Streams' choice among partitions
/// at the same time is observable in a joined result.
struct TimestampHeap {
    private var items: [(timestampMs: Int64, queue: Int)] = []

    var isEmpty: Bool { items.isEmpty }
    var first: Int? { items.first?.queue }
    var firstTimestampMs: Int64? { items.first?.timestampMs }

    mutating func removeAll() { items.removeAll(keepingCapacity: true) }

    mutating func insert(queue: Int, timestampMs: Int64) {
        let item = (timestampMs: timestampMs, queue: queue)
        items.append(item)
        var index = items.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            if item.timestampMs >= items[parent].timestampMs { break }
            items[index] = items[parent]
            index = parent
        }
        items[index] = item
    }

    mutating func removeFirst() -> Int? {
        guard let first = items.first, let item = items.popLast() else { return nil }
        if items.isEmpty { return first.queue }
        var index = 0
        while index < items.count / 2 {
            var child = 2 * index + 1
            if child + 1 < items.count, items[child].timestampMs > items[child + 1].timestampMs { child += 1 }
            if item.timestampMs <= items[child].timestampMs { break }
            items[index] = items[child]
            index = child
        }
        items[index] = item
        return first.queue
    }
}
