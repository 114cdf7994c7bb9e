import Logging
import Millrace
import MillraceEngine
import Testing

@Suite("StreamTask")
struct StreamTaskTests {
    private let producer = RecordingProducer()
    private let left = TopicPartition(topic: "left", partition: 2)
    private let right = TopicPartition(topic: "right", partition: 2)

    private func task(
        maxCacheSizeInBytes: Int = 1 << 20, handlers: ErrorHandlers = ErrorHandlers(),
        _ define: (StreamsBuilder) -> Void
    ) throws -> StreamTask {
        let builder = StreamsBuilder()
        define(builder)
        let topology = try builder.build()
        return try StreamTask(
            id: TaskID(subtopology: 0, partition: 2), topology: topology, nodes: Array(topology.nodes.indices),
            stores: topology.subtopologies.flatMap(\.stores), partitions: [left, right],
            configuration: TaskConfiguration(
                applicationID: "app", handlers: handlers, maxStoreBufferSizeInBytes: .max,
                maxCacheSizeInBytes: maxCacheSizeInBytes),
            producer: producer, provider: nil, clock: StoppedClock(), logger: Logger(label: "test"))
    }

    private func passThrough(_ builder: StreamsBuilder) {
        builder.stream(["left", "right"], key: .string, value: .string, timestamp: .logAndSkipOnInvalidTimestamp)
            .to("out")
    }

    private func count(_ builder: StreamsBuilder) {
        builder.stream(["left", "right"], key: .string, value: .string).groupByKey().count(into: .store("counts"))
            .toStream().to("out")
    }

    private func add(
        _ value: String, offset: Int64, at timestampMs: Int64, to partition: TopicPartition, _ task: StreamTask
    ) {
        let bytes = TestBytes("k", value)
        let record = FetchedRecord(
            offset: offset, timestampMs: timestampMs, headers: [], key: bytes.key, value: bytes.value)
        task.add(RecordRun(slot: 0, [record], ownedBy: bytes), to: partition)
    }

    @Test("the record with the lowest timestamp is next, in each partition by offset")
    func order() throws {
        let task = try task(passThrough)
        for (offset, timestampMs) in zip(Int64(0)..., [10, 5, 40] as [Int64]) {
            add("l\(timestampMs)", offset: offset, at: timestampMs, to: left, task)
        }
        for (offset, timestampMs) in zip(Int64(0)..., [7, 20, 15] as [Int64]) {
            add("r\(timestampMs)", offset: offset, at: timestampMs, to: right, task)
        }
        while try task.process() {}
        #expect(producer.values == ["r7", "l10", "l5", "r20", "r15", "l40"])
        #expect(task.streamTimeMs == 40)
        #expect(task.state.takeCounts().processed == 6)
    }

    @Test("the committed offsets follow the processed or dropped records, with the partition's time")
    func offsets() throws {
        let task = try task(passThrough)
        #expect(try task.prepareCommit().isEmpty)
        add("a", offset: 10, at: 30, to: left, task)
        add("b", offset: 11, at: 20, to: left, task)
        add("c", offset: 5, at: -1, to: right, task)
        while try task.process() {}
        #expect(task.hasProgress)
        let offsets = try task.prepareCommit()
        #expect(offsets[left]?.offset == 12)
        #expect(OffsetMetadata.decode(offsets[left]?.metadata ?? "")?.partitionTimeMs == 30)
        #expect(offsets[right]?.offset == 6)
        #expect(task.state.takeCounts().dropped == [.negativeTimestamp: 1])
        task.committed { _ in nil }
        #expect(!task.hasProgress)
    }

    @Test("the partition's time is read from the committed metadata")
    func restoredTime() throws {
        let task = try task { builder in
            builder.stream(
                ["left", "right"], key: .string, value: .string, timestamp: .usePartitionTimeOnInvalidTimestamp
            ).to("out")
        }
        task.restoreTime(of: left, metadata: OffsetMetadata(partitionTimeMs: 77).encoded())
        task.restoreTime(of: right, metadata: "written by somebody else")
        add("a", offset: 0, at: -1, to: left, task)
        while try task.process() {}
        #expect(producer.timestamps == [77])
    }

    @Test("a cached change is forwarded at the commit, only the last of each key")
    func cache() throws {
        let task = try task(count)
        for offset in 0..<3 as Range<Int64> { add("x", offset: offset, at: offset, to: left, task) }
        while try task.process() {}
        #expect(producer.topics.isEmpty)
        _ = try task.prepareCommit()
        #expect(producer.topics == ["app-counts-changelog", "out"])
        _ = try task.prepareCommit()
        #expect(producer.topics.count == 2)
    }

    @Test("a join sees changes in the other table's cache, and emits for each side at the commit")
    func cachedJoin() throws {
        let task = try task { builder in
            builder.table("left", key: .string, value: .string, into: Materialized.store("l").withoutChangelog())
                .join(
                    builder.table(
                        "right", key: .string, value: .string, into: Materialized.store("r").withoutChangelog())
                ) { $0 + $1 }.toStream().to("out")
        }
        add("a", offset: 0, at: 1, to: left, task)
        add("b", offset: 1, at: 2, to: left, task)
        add("x", offset: 0, at: 3, to: right, task)
        while try task.process() {}
        #expect(producer.values == [])
        _ = try task.prepareCommit()
        #expect(producer.values == ["bx", "bx"])
        #expect(producer.timestamps == [3, 3])
    }

    @Test("a cache over its bound is flushed at once, and with a bound of 0 there is none", arguments: [0, 1])
    func boundedCache(maxCacheSizeInBytes: Int) throws {
        let task = try task(maxCacheSizeInBytes: maxCacheSizeInBytes, count)
        for offset in 0..<2 as Range<Int64> { add("x", offset: offset, at: offset, to: left, task) }
        while try task.process() {}
        #expect(producer.topics == ["app-counts-changelog", "out", "app-counts-changelog", "out"])
    }

    @Test("releasing a task releases everything in it")
    func deallocation() throws {
        weak var store: AnyObject?
        do {
            let task = try task(count)
            store = task.store(named: "counts")?.bytes
            #expect(store != nil)
        }
        #expect(store == nil)
    }

    @Test("after its input is cleared a task reads from the given offset")
    func clear() throws {
        let task = try task(passThrough)
        add("a", offset: 0, at: 1, to: left, task)
        add("b", offset: 1, at: 2, to: left, task)
        #expect(try task.process())
        task.clearInput()
        #expect(try !task.process())
        #expect(task.bufferedCount(of: left) == 0)
        #expect(task.bufferedSizeInBytes(of: left) == 0)
        #expect(try task.prepareCommit().isEmpty)
    }
}

/// A key and a value in separate memory.
final class TestBytes {
    let key: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer

    init(_ key: String, _ value: String) {
        self.key = Self.copy(key)
        self.value = Self.copy(value)
    }

    deinit {
        key.deallocate()
        value.deallocate()
    }

    private static func copy(_ text: String) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        memory.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(memory)
    }
}

/// Records everything that is sent.
final class RecordingProducer: SenderPort {
    private var names: [String] = []
    private(set) var topics: [String] = []
    private(set) var values: [String] = []
    private(set) var timestamps: [Int64] = []

    func topic(named name: String) throws(PortError) -> Int {
        names.append(name)
        return names.count - 1
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        topics.append(names[topic])
        values.append(value.map { String(decoding: $0, as: UTF8.self) } ?? "-")
        timestamps.append(timestampMs)
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 { 1 }
}
