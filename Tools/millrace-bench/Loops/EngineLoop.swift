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

    package init(_ loop: Loop, input: LoopInput) throws {
        self.input = input
        partition = TopicPartition(topic: loop.inputTopic, partition: 0)
        let topology = try loop.topology()
        task = try StreamTask(
            id: TaskID(subtopology: 0, partition: 0), topology: topology, nodes: Array(topology.nodes.indices),
            stores: topology.subtopologies.flatMap(\.stores), partitions: [partition],
            configuration: TaskConfiguration(
                applicationID: "bench", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: .max),
            producer: producer, provider: nil, clock: StandingClock(), logger: Logger(label: "bench"))
    }

    /// Processes the input once, a thousand records at a time as a worker does. Returns a number that stands for the bytes of
    /// the sent records.
    package func run() throws -> UInt64 {
        var next = 0
        while next < input.places.count {
            let end = min(next + 1_000, input.places.count)
            var records: [FetchedRecord] = []
            records.reserveCapacity(end - next)
            for place in input.places[next..<end] {
                records.append(
                    FetchedRecord(
                        offset: offset, timestampMs: place.timestampMs, headers: Headers(), key: input.key(place),
                        value: input.value(place)))
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
private final class StandingClock: Clock {
    func wallClockMs() -> Int64 { 0 }
    func monotonicMs() -> Int64 { 0 }
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
