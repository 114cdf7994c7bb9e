import Glibc
import Logging
import Millrace
import MillraceEngine

/// Runs a loop through the engine: a task as in a worker, with its input and its output in memory.
package final class EngineLoop {
    private let input: LoopInput
    private let task: StreamTask
    private let partition: TopicPartition
    private let producer = CountingProducer()
    private var offset: Int64 = 0

    /// - Parameter isWatched: whether the task measures what it measures for a server or a reporter, with a real clock.
    package init(_ loop: Loop, input: LoopInput, isWatched: Bool = false) throws {
        self.input = input
        partition = TopicPartition(topic: loop.inputTopic, partition: 0)
        let topology = try loop.topology()
        var configuration = TaskConfiguration(
            applicationID: "bench", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: .max)
        configuration.isWatched = { isWatched }
        task = try StreamTask(
            id: TaskID(subtopology: 0, partition: 0), topology: topology, nodes: Array(topology.nodes.indices),
            stores: topology.subtopologies.flatMap(\.stores), partitions: [partition],
            configuration: configuration, producer: producer, provider: nil,
            clock: isWatched ? RunningClock() : StoppedClock(), logger: Logger(label: "bench"))
    }

    /// Processes the input once, a thousand records at a time as a worker does. Returns a number that stands for the bytes of
    /// the sent records.
    package func run() throws -> UInt64 {
        var next = 0
        while next < input.entries.count {
            let end = min(next + 1_000, input.entries.count)
            var records: [FetchedRecord] = []
            records.reserveCapacity(end - next)
            for entry in input.entries[next..<end] {
                records.append(
                    FetchedRecord(
                        offset: offset, timestampMs: entry.timestampMs, headers: Headers(), key: input.key(entry),
                        value: input.value(entry)))
                offset += 1
            }
            task.add(RecordRun(slot: 0, records[...], ownedBy: input), toPartitionAt: 0)
            while try task.process(atMost: 1_000) > 0 {}
            next = end
        }
        return producer.checksum
    }
}

/// A clock that stands still.
private final class StoppedClock: WallClock {
    func wallClockMs() -> Int64 { 0 }
    func monotonicMs() -> Int64 { 0 }
}

/// The machine's clocks.
private final class RunningClock: WallClock {
    func wallClockMs() -> Int64 { read(CLOCK_REALTIME) / 1_000_000 }
    func monotonicMs() -> Int64 { read(CLOCK_MONOTONIC) / 1_000_000 }
    func monotonicNanoseconds() -> Int64 { read(CLOCK_MONOTONIC) }

    private func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// Adds up the sent records.
private final class CountingProducer: SenderPort {
    private(set) var checksum: UInt64 = 0

    func topic(named name: String) throws(PortError) -> Int { name.hasSuffix("-changelog") ? 1 : 0 }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        checksum &+= LoopChecksum.of(key, value, timestampMs)
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 { 1 }
}

/// Computes a number for a sent record, so cheaply that it does not affect the measurement.
enum LoopChecksum {
    static func of(_ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?, _ timestampMs: Int64) -> UInt64 {
        var sum = UInt64(bitPattern: timestampMs)
        if let key, key.count >= 8 { sum &+= key.loadUnaligned(as: UInt64.self) }
        if let value, value.count >= 8 { sum &+= value.loadUnaligned(as: UInt64.self) }
        return sum
    }
}
