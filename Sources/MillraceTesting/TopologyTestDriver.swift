import Logging
public import Millrace
import MillraceEngine

/// Runs a topology in memory, one record at a time, without a broker, threads or a clock of its own.
///
/// It drives the production task: every record is processed at once, all the way through the topology's own repartition
/// topics, and committed. Each topic has one partition; all stores are kept in memory. Kafka: `TopologyTestDriver`.
///
/// ```swift
/// let driver = try TopologyTestDriver(builder.build())
/// let events = driver.inputTopic("risk-events", key: .string, value: .json(RiskEvent.self))
/// let scores = driver.outputTopic("risk-scores", key: .string, value: .double)
/// try events.pipe(key: "acct-1", value: RiskEvent(account: "acct-1", score: 0.7, timestampMs: 0))
/// #expect(try scores.readValue() == 0.7)
/// ```
///
/// The driver and its topics are used from one thread.
public final class TopologyTestDriver {
    /// The name before the topology's own topics.
    public let applicationID: String
    private let producer = MemoryProducer()
    private let clock = ManualClock()
    private let task: StreamTask
    private let readTopics: Set<String>
    private var nextOffsets: [String: Int64] = [:]
    private var outputs: [String: UnreadRecords] = [:]
    /// How many records were dropped, by reason, since the driver was made.
    public private(set) var droppedRecords: [DropReason: Int] = [:]

    /// Makes a driver for a topology.
    ///
    /// - Parameters:
    ///   - topology: the topology under test.
    ///   - applicationID: the name before the topology's own topics; `app` by default.
    ///   - errorHandlers: what to do with bad records; by default an error is thrown to the caller that piped the record.
    /// - Throws: `StreamsError` where the topology cannot be instantiated.
    public init(
        _ topology: Topology, applicationID: String = "app", errorHandlers: ErrorHandlers = ErrorHandlers()
    ) throws {
        self.applicationID = applicationID
        let topics = topology.subtopologies.flatMap(\.sourceTopics).map { $0.resolved(applicationID: applicationID) }
        readTopics = Set(topics)
        task = try StreamTask(
            id: TaskID(subtopology: 0, partition: 0), topology: topology, nodes: Array(topology.nodes.indices),
            stores: topology.subtopologies.flatMap(\.stores),
            partitions: topics.map { TopicPartition(topic: $0, partition: 0) },
            configuration: TaskConfiguration(
                applicationID: applicationID, handlers: errorHandlers, maxStoreBufferSizeInBytes: .max),
            producer: producer, provider: nil, clock: clock, logger: Logger(label: "TopologyTestDriver"))
        try task.punctuateWallClock()
    }

    /// A topic to pipe records into. It has to be one that the topology reads.
    public func inputTopic<Key, Value>(
        _ topic: String, key: Serde<Key>, value: Serde<Value>
    ) -> TestInputTopic<Key, Value> {
        TestInputTopic(driver: self, topic: topic, keySerde: key, valueSerde: value)
    }

    /// A topic to read results from. It may be one of the topology's own, by its full name.
    public func outputTopic<Key, Value>(
        _ topic: String, key: Serde<Key>, value: Serde<Value>
    ) -> TestOutputTopic<Key, Value> {
        TestOutputTopic(driver: self, topic: topic, keySerde: key, valueSerde: value)
    }

    /// A key-value store of the topology, with its timestamps; `nil` where there is none of this name.
    public func keyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> TimestampedKeyValueStore<Key, Value>? {
        task.store(named: name).map { TimestampedKeyValueStore($0, key: key, value: value) }
    }

    /// The names of the topics that something was written to and that was not read yet.
    public var unreadTopics: [String] { outputs.filter { !$0.value.isEmpty }.keys.sorted() }

    func store(named name: String) -> (any KeyValueBytesStore)? { task.store(named: name) }

    func pipe(topic: String, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64, headers: Headers) throws {
        guard readTopics.contains(topic) else {
            throw StreamsError(.topic, "the topology does not read topic \(topic); it reads \(readTopics.sorted())")
        }
        enqueue(topic: topic, key: key, value: value, timestampMs: timestampMs, headers: headers)
        try processAll()
    }

    /// The wall clock's time in milliseconds since the epoch; 0 at first.
    public var wallClockMs: Int64 { clock.nowMs }

    /// Moves the wall clock on and runs what was scheduled by it. Kafka: `advanceWallClockTime`.
    ///
    /// ```swift
    /// try driver.advanceWallClock(by: .seconds(10))
    /// ```
    ///
    /// A punctuation is called once, however far the clock moves.
    public func advanceWallClock(by duration: Duration) throws {
        let (seconds, attoseconds) = duration.components
        clock.nowMs += seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        try task.punctuateWallClock()
        try commit()
        try processAll()
    }

    private func processAll() throws {
        defer { droppedRecords.merge(task.takeCounts().dropped, uniquingKeysWith: +) }
        var goesOn = true
        while goesOn {
            goesOn = try task.process()
            try commit()
        }
    }

    private func commit() throws {
        try task.flushCaches()
        task.committed { _ in nil }
        collectOutput()
    }

    func readNext(_ topic: String) -> MemoryProducer.Sent? {
        outputs[topic]?.popFirst()
    }

    private func enqueue(topic: String, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64, headers: Headers) {
        let offset = nextOffsets[topic, default: 0]
        nextOffsets[topic] = offset + 1
        let bytes = RecordBytes(key: key, value: value)
        task.add(
            FetchedRecord(
                slot: 0, offset: offset, timestampMs: timestampMs, headers: headers, key: bytes.key,
                value: bytes.value, owner: bytes),
            to: TopicPartition(topic: topic, partition: 0))
    }

    private func collectOutput() {
        for record in producer.takeSent() {
            outputs[record.topic, default: UnreadRecords()].append(record)
            if readTopics.contains(record.topic) {
                enqueue(
                    topic: record.topic, key: record.key, value: record.value, timestampMs: record.timestampMs,
                    headers: record.headers)
            }
        }
    }
}

/// The records of one topic that were not read yet.
private struct UnreadRecords {
    private var records: [MemoryProducer.Sent] = []
    private var next = 0

    var isEmpty: Bool { next == records.count }

    mutating func append(_ record: MemoryProducer.Sent) { records.append(record) }

    mutating func popFirst() -> MemoryProducer.Sent? {
        guard next < records.count else { return nil }
        defer {
            next += 1
            if isEmpty {
                records.removeAll()
                next = 0
            }
        }
        return records[next]
    }
}

/// A key and a value in memory of their own, which lives as long as this object.
final class RecordBytes {
    let key: UnsafeRawBufferPointer?
    let value: UnsafeRawBufferPointer?

    init(key: [UInt8]?, value: [UInt8]?) {
        self.key = key.map(Self.copy)
        self.value = value.map(Self.copy)
    }

    deinit {
        key?.deallocate()
        value?.deallocate()
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }
}
