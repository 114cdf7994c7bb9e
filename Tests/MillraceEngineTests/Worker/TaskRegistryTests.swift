import Logging
import Millrace
import Testing

@testable import MillraceEngine

@Suite("The tasks of a worker")
struct TaskRegistryTests {
    private func task(_ partition: Int32) throws -> StreamTask {
        let builder = StreamsBuilder()
        builder.stream(["left", "right"], key: .string, value: .string).to("out")
        let topology = try builder.build()
        return try StreamTask(
            id: TaskID(subtopology: 0, partition: partition), topology: topology, nodes: Array(topology.nodes.indices),
            stores: [], partitions: ["left", "right"].map { TopicPartition(topic: $0, partition: partition) },
            configuration: TaskConfiguration(
                applicationID: "app", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: .max,
                maxCacheSizeInBytes: 0), producer: RecordingProducer(), provider: nil, clock: StoppedClock(),
            logger: Logger(label: "test"))
    }

    private func record(slot: Int, offset: Int64) -> FetchedRecord {
        FetchedRecord(slot: slot, offset: offset, timestampMs: 0, headers: [], key: nil, value: nil, owner: nil)
    }

    /// A registry whose tasks have come in an order that is not theirs.
    private func registry(_ partitions: [Int32] = [10, 2, 7, 0]) throws -> TaskRegistry {
        var registry = TaskRegistry()
        for partition in partitions { registry.insert(try task(partition)) }
        return registry
    }

    @Test("they are in the order of their ids, whatever the order in which they come and go")
    func order() throws {
        var registry = try registry()
        #expect(registry.all.map(\.id.partition) == [0, 2, 7, 10])
        let seven = try #require(registry[TaskID(subtopology: 0, partition: 7)])
        registry.remove(seven)
        #expect(registry.all.map(\.id.partition) == [0, 2, 10])
        #expect(registry[seven.id] == nil)
        for id in registry.all.map(\.id) { #expect(registry[id]?.id == id) }
        #expect(registry[TaskID(subtopology: 1, partition: 0)] == nil)
    }

    @Test("records find their task by the slot; those of slots that are gone find none")
    func records() throws {
        var registry = try registry([1, 0])
        for task in registry.all { _ = registry.addSlots(of: task) }
        #expect(registry.slots.map(\.partition.description) == ["left-0", "right-0", "left-1", "right-1"])
        registry.add([(1, 5), (1, 6), (2, 0), (9, 0), (-1, 0)].map { record(slot: $0.0, offset: $0.1) })
        #expect(registry.slots.map { $0.task.bufferedCount(ofPartitionAt: $0.place) } == [0, 2, 1, 0])
        registry.removeSlots()
        registry.add([record(slot: 1, offset: 7)])
        registry.noteEnd(ofSlot: 1)
        #expect(registry.all.map { $0.bufferedCount(ofPartitionAt: 1) } == [2, 0])
        #expect(registry.all.allSatisfy { !registry.isProcessable($0) })
    }

    @Test("of several partitions each has to have records, or to be at its end")
    func processable() throws {
        var registry = try registry([0])
        let task = try #require(registry.all.first)
        let slots = registry.addSlots(of: task)
        #expect(slots == 0..<2)
        registry.noteEnd(ofSlot: 0)
        registry.noteEnd(ofSlot: 1)
        #expect(!registry.isProcessable(task))
        registry.add([record(slot: 0, offset: 0)])
        #expect(registry.isProcessable(task))
        registry.removeSlots()
        _ = registry.addSlots(of: task)
        #expect(!registry.isProcessable(task))
        registry.add([record(slot: 1, offset: 0)])
        #expect(registry.isProcessable(task))
    }

    @Test("what is paused is told once, and so is what is read again")
    func pauses() throws {
        var registry = try registry([0])
        for task in registry.all { _ = registry.addSlots(of: task) }
        let right = registry.pause { $0.place == 1 }
        let rest = registry.pause { _ in true }
        let none = registry.pause { _ in true }
        #expect([right, rest, none].map { $0.map(\.description) } == [["right-0"], ["left-0"], []])
        let resumed = registry.resume { $0.place == 1 }
        let stillPaused = registry.resume { _ in false }
        #expect([resumed, stillPaused].map { $0.map(\.description) } == [["right-0"], []])
        #expect(registry.slots.map(\.isPaused) == [true, false])
    }
}

@Suite("What is done again and again")
struct PeriodicTests {
    @Test("it is due an interval after the last time, and not before")
    func turns() {
        var periodic = Periodic(every: TimeSpan(ms: 100), from: Moment(ms: 1_000))
        let isEarly = periodic.takeTurn(at: Moment(ms: 1_099))
        #expect(!isEarly)
        #expect(periodic.wait(at: Moment(ms: 1_030)) == TimeSpan(ms: 70))
        let isInTime = periodic.takeTurn(at: Moment(ms: 1_100))
        #expect(isInTime)
        #expect(!periodic.isDue(at: Moment(ms: 1_150)))
        periodic.done(at: Moment(ms: 1_150))
        #expect(!periodic.isDue(at: Moment(ms: 1_249)))
        #expect(periodic.wait(at: Moment(ms: 5_000)) == .zero)
    }

    @Test("an interval without end never passes")
    func endless() {
        let periodic = Periodic(every: TimeSpan(ms: .max), from: Moment(ms: 1_000))
        #expect(!periodic.isDue(at: Moment(ms: .max - 1)))
    }
}
