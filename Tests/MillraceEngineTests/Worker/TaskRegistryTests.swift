import Logging
import Millrace
import Testing

@testable import MillraceEngine

@Suite("The tasks of a worker")
struct TaskRegistryTests {
    /// - Parameter interval: the interval of the task's wall-clock work; never by default.
    private func task(
        _ partition: Int32, every interval: Duration? = nil, _ clock: StoppedClock = StoppedClock()
    ) throws -> StreamTask {
        let builder = StreamsBuilder()
        let records = builder.stream(["left", "right"], key: .string, value: .string)
        if let interval {
            records.process { (context: ProcessorContext<String, String>) in
                try context.schedule(every: interval, on: .wallClockTime) { _ in }
                return { _ in }
            }.to("out")
        } else {
            records.to("out")
        }
        let topology = try builder.build()
        return try StreamTask(
            id: TaskID(subtopology: 0, partition: partition), topology: topology, nodes: Array(topology.nodes.indices),
            stores: [], partitions: ["left", "right"].map { TopicPartition(topic: $0, partition: partition) },
            configuration: TaskConfiguration(
                applicationID: "app", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: .max,
                maxCacheSizeInBytes: 0), producer: RecordingProducer(), provider: nil, clock: clock,
            logger: Logger(label: "test"))
    }

    private final class NoMemory {}

    private func runs(_ records: (slot: Int, offset: Int64)...) -> [RecordRun] {
        var builder = RecordRunBuilder(capacity: records.count)
        for (slot, offset) in records {
            builder.append(FetchedRecord(offset: offset, timestampMs: 0, headers: [], key: nil, value: nil), slot: slot)
        }
        return builder.runs(ownedBy: NoMemory())
    }

    /// A registry whose tasks were added in another order than that of their ids.
    private func registry(_ partitions: [Int32] = [10, 2, 7, 0]) throws -> TaskRegistry {
        let registry = TaskRegistry()
        for partition in partitions { registry.insert(try task(partition)) }
        return registry
    }

    @Test("they are in the order of their ids, whatever the order in which they are added and removed")
    func order() throws {
        let registry = try registry()
        #expect(registry.all.map(\.id.partition) == [0, 2, 7, 10])
        let seven = try #require(registry[TaskID(subtopology: 0, partition: 7)])
        registry.remove(seven)
        #expect(registry.all.map(\.id.partition) == [0, 2, 10])
        #expect(registry[seven.id] == nil)
        for id in registry.all.map(\.id) { #expect(registry[id]?.id == id) }
        #expect(registry[TaskID(subtopology: 1, partition: 0)] == nil)
    }

    @Test("records find their task by the slot; those of removed slots find none")
    func records() throws {
        let registry = try registry([1, 0])
        registry.addSlots()
        #expect(registry.slots.map(\.partition.description) == ["left-0", "right-0", "left-1", "right-1"])
        registry.add(runs((1, 5), (1, 6), (2, 0), (9, 0), (-1, 0)))
        #expect(registry.slots.map { $0.task.bufferedCount(ofPartitionAt: $0.queueIndex) } == [0, 2, 1, 0])
        registry.removeSlots()
        registry.add(runs((1, 7)))
        registry.recordEnd(ofSlot: 1, at: 0)
        #expect(registry.all.map { $0.bufferedCount(ofPartitionAt: 1) } == [2, 0])
        #expect(registry.all.allSatisfy { !registry.isProcessable($0) })
    }

    @Test("an end beyond the last record counts when the records before it are processed, and wakes a task that sleeps")
    func ends() throws {
        let registry = try registry([0])
        let task = try #require(registry.all.first)
        registry.addSlots()
        registry.add(runs((0, 5), (0, 6)))
        registry.recordEnd(ofSlot: 0, at: 9)
        registry.recordEnd(ofSlot: 1, at: 4)
        #expect(task.nextOffset(of: task.partitions[0]) == nil)
        #expect(try task.process(atMost: 1) == 1 && task.nextOffset(of: task.partitions[0]) == 6)
        #expect(try task.process(atMost: 1) == 1 && task.nextOffset(of: task.partitions[0]) == 9)
        #expect(task.nextOffset(of: task.partitions[1]) == nil)
        task.committed { _ in nil }
        registry.settle(at: .epoch)
        #expect(registry.awake.isEmpty)
        registry.recordEnd(ofSlot: 0, at: 9)
        #expect(registry.awake.isEmpty)
        registry.recordEnd(ofSlot: 0, at: 11)
        #expect(registry.awake.count == 1 && task.hasProgress && task.nextOffset(of: task.partitions[0]) == 11)
        task.clearInput()
        registry.recordEnd(ofSlot: 0, at: 12)
        #expect(!task.hasProgress && task.nextOffset(of: task.partitions[0]) == nil)
    }

    @Test("each of several partitions has to have records, or to be at its end")
    func processable() throws {
        let registry = try registry([0])
        let task = try #require(registry.all.first)
        registry.addSlots()
        registry.recordEnd(ofSlot: 0, at: 0)
        registry.recordEnd(ofSlot: 1, at: 0)
        #expect(!registry.isProcessable(task))
        registry.add(runs((0, 0)))
        #expect(registry.isProcessable(task))
        registry.addSlots()
        #expect(!registry.isProcessable(task))
        registry.add(runs((1, 0)))
        #expect(registry.isProcessable(task))
    }

    @Test("each pause is reported once, and so is each resumption")
    func pauses() throws {
        let registry = try registry([0])
        registry.addSlots()
        let right = registry.pause { $0.queueIndex == 1 }
        let rest = registry.pause { _ in true }
        let none = registry.pause { _ in true }
        #expect([right, rest, none].map { $0.map(\.description) } == [["right-0"], ["left-0"], []])
        let resumed = registry.resume { $0.queueIndex == 1 }
        let stillPaused = registry.resume { _ in false }
        #expect([resumed, stillPaused].map { $0.map(\.description) } == [["right-0"], []])
        #expect(registry.slots.map(\.isPaused) == [true, false])
    }

    @Test("only partitions that got records since the last check are paused because they are full")
    func filled() throws {
        let registry = try registry([0, 1])
        registry.addSlots()
        registry.add(runs((2, 0)))
        var looked: [String] = []
        let first = registry.pauseFilled { slot in
            looked.append(slot.partition.description)
            return false
        }
        #expect(first.isEmpty)
        #expect(looked == ["left-1"])
        let second = registry.pauseFilled { _ in true }
        #expect(second.isEmpty)
        registry.add(runs((2, 1), (1, 0)))
        let third = registry.pauseFilled { _ in true }
        #expect(third.map(\.description) == ["right-0", "left-1"])
    }

    @Test("a task sleeps while nothing waits, and records wake it; all are awake when reading begins")
    func sleep() throws {
        let registry = try registry([0, 1, 2])
        registry.addSlots()
        for task in registry.all { try task.punctuateWallClock() }
        #expect(registry.awake.map(\.id.partition) == [0, 1, 2])
        registry.settle(at: .epoch)
        #expect(registry.awake.isEmpty)
        registry.add(runs((5, 0), (0, 0)))
        #expect(registry.awake.map(\.id.partition) == [0, 2])
        registry.settle(at: .epoch)
        #expect(registry.awake.map(\.id.partition) == [0, 2])
        registry.all[2].clearInput()
        registry.settle(at: .epoch)
        #expect(registry.awake.map(\.id.partition) == [0])
        registry.all[1].requestCommit()
        registry.wakeAll()
        registry.settle(at: .epoch)
        #expect(registry.awake.map(\.id.partition) == [0, 1])
        registry.addSlots()
        #expect(registry.awake.map(\.id.partition) == [0, 1, 2])
    }

    @Test("a task that has slept since the last measurement is not measured again")
    func unmeasured() throws {
        let registry = try registry([0, 1, 2])
        registry.addSlots()
        for task in registry.all { try task.punctuateWallClock() }
        #expect(registry.takeUnmeasured() == [0, 1, 2])
        registry.settle(at: .epoch)
        #expect(registry.takeUnmeasured() == [0, 1, 2])
        #expect(registry.takeUnmeasured() == [])
        registry.add(runs((2, 0)))
        registry.settle(at: .epoch)
        #expect(registry.takeUnmeasured() == [1])
        #expect(registry.takeUnmeasured() == [1])
        registry.all[1].clearInput()
        registry.settle(at: .epoch)
        #expect(registry.takeUnmeasured() == [1])
        registry.insert(try task(5))
        #expect(registry.takeUnmeasured() == [0, 1, 2, 3])
    }

    @Test("a sleeping task wakes when wall-clock work is due")
    func alarms() throws {
        let clock = StoppedClock()
        let registry = TaskRegistry()
        for (partition, ms) in [(0, 300), (1, 100), (2, 200)] {
            registry.insert(try task(Int32(partition), every: .milliseconds(ms), clock))
        }
        registry.addSlots()
        for task in registry.all { try task.punctuateWallClock() }
        #expect(registry.nextPunctuation { _ in false } == clock.monotonic + TimeSpan(ms: 100))
        registry.settle(at: clock.monotonic)
        #expect(registry.awake.isEmpty)
        #expect(registry.nextPunctuation { _ in false } == clock.monotonic + TimeSpan(ms: 100))
        registry.wake(at: clock.monotonic + TimeSpan(ms: 99))
        #expect(registry.awake.isEmpty)
        registry.wake(at: clock.monotonic + TimeSpan(ms: 200))
        #expect(registry.awake.map(\.id.partition) == [1, 2])
        #expect(registry.nextPunctuation { _ in false } == clock.monotonic + TimeSpan(ms: 100))
    }
}

@Suite("Repeated work")
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
