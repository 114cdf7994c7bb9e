import TestSupport
import Testing

@testable import MillraceEngine

@Suite("TimestampHeap")
struct TimestampHeapTests {
    @Test("returns the queues by their timestamps", arguments: 1...10 as ClosedRange<UInt64>)
    func order(seed: UInt64) {
        var numbers = SeededNumbers(seed: seed)
        var heap = TimestampHeap()
        let timestamps = (0..<200).map { _ in Int64.random(in: 0..<50, using: &numbers) }
        for (queue, timestampMs) in timestamps.enumerated() { heap.insert(queue: queue, timestampMs: timestampMs) }
        var taken: [Int] = []
        while let queue = heap.removeFirst() { taken.append(queue) }
        #expect(Set(taken).count == 200)
        #expect(taken.map { timestamps[$0] } == timestamps.sorted(), "seed \(seed)")
    }

    /// The expected order comes from the steps of `java.util.PriorityQueue.siftUp` and `siftDown`.
    @Test(
        "equal timestamps have the order of Java's priority queue",
        arguments: [
            ([5, 5], [0, 1]), ([5, 5, 5], [0, 2, 1]), ([5, 5, 5, 5], [0, 3, 2, 1]), ([7, 5, 5], [1, 2, 0]),
            ([5, 7, 5, 7], [0, 2, 3, 1]),
        ] as [([Int64], [Int])])
    func ties(timestamps: [Int64], order: [Int]) {
        var heap = TimestampHeap()
        for (queue, timestampMs) in timestamps.enumerated() { heap.insert(queue: queue, timestampMs: timestampMs) }
        var taken: [Int] = []
        while let queue = heap.removeFirst() { taken.append(queue) }
        #expect(taken == order)
    }

    @Test("an empty heap returns nothing")
    func empty() {
        var heap = TimestampHeap()
        #expect(heap.isEmpty)
        #expect(heap.first == nil)
        #expect(heap.removeFirst() == nil)
        heap.insert(queue: 3, timestampMs: 1)
        #expect(heap.first == 3)
        heap.removeAll()
        #expect(heap.removeFirst() == nil)
    }
}
