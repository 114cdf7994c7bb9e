public import Millrace

/// A topic to pipe records into a test driver. Kafka: `TestInputTopic`.
///
/// ```swift
/// let input = driver.inputTopic("words", key: .string, value: .string, startingAtMs: 1_000, advancingBy: .seconds(1))
/// try input.pipe(key: "a", value: "first, at 1000")
/// try input.pipe("without a key, at 2000")
/// try input.pipe(values: ["at 3000", "at 4000"])
/// ```
public final class TestInputTopic<Key, Value> {
    @usableFromInline let driver: TopologyTestDriver
    @usableFromInline let topic: DriverTopic
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>
    // Reused from record to record.
    @exclusivity(unchecked) @usableFromInline var keyBytes: [UInt8] = []
    @exclusivity(unchecked) @usableFromInline var valueBytes: [UInt8] = []
    /// The timestamp of the next record that is piped without one, in milliseconds.
    public var nextTimestampMs: Int64
    /// The advance of that timestamp after each such record, in milliseconds.
    public var advanceMs: Int64

    init(
        driver: TopologyTestDriver, topic: DriverTopic, keySerde: Serde<Key>, valueSerde: Serde<Value>,
        startMs: Int64, advanceMs: Int64
    ) {
        self.driver = driver
        self.topic = topic
        self.keySerde = keySerde
        self.valueSerde = valueSerde
        self.nextTimestampMs = startMs
        self.advanceMs = advanceMs
    }

    /// The topic's name.
    public var name: String { topic.name }

    /// Advances the timestamp of the next record. Kafka: `advanceTime`.
    ///
    /// ```swift
    /// input.advanceTime(by: .seconds(60))
    /// ```
    public func advanceTime(by duration: Duration) { advance(by: TimeSpan(duration)) }

    /// Timestamps stop at the end of time.
    private func advance(by span: TimeSpan) { nextTimestampMs = (Moment(ms: nextTimestampMs) + span).ms }

    @usableFromInline
    func takeTimestamp() -> Int64 {
        defer { advance(by: TimeSpan(ms: advanceMs)) }
        return nextTimestampMs
    }

    /// Pipes a record through the topology.
    ///
    /// - Parameters:
    ///   - key: the key, or `nil` for none.
    ///   - value: the value, or `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch; by default the topic's own next timestamp.
    ///   - headers: the record's headers; none by default.
    ///   - partition: the partition; by default the one of the key's hash.
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    @inlinable
    public func pipe(
        key: Key?, value: Value?, timestampMs: Int64? = nil, headers: Headers = [], partition: Int32? = nil
    ) throws {
        let time = timestampMs ?? takeTimestamp()
        keyBytes.removeAll(keepingCapacity: true)
        valueBytes.removeAll(keepingCapacity: true)
        if let key { try keySerde.serialize(key, into: &keyBytes) }
        if let value { try valueSerde.serialize(value, into: &valueBytes) }
        let bytes = keyBytes.withUnsafeBytes { keyBuffer in
            valueBytes.withUnsafeBytes { valueBuffer in
                RecordBytes(key: key == nil ? nil : keyBuffer, value: value == nil ? nil : valueBuffer)
            }
        }
        try driver.pipe(topic, partition: partition, bytes, timestampMs: time, headers: headers)
    }

    /// Pipes a value without a key.
    ///
    /// - Parameters:
    ///   - value: the value, or `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch; by default the topic's own next timestamp.
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    public func pipe(_ value: Value?, timestampMs: Int64? = nil) throws {
        try pipe(key: nil, value: value, timestampMs: timestampMs)
    }

    /// Pipes a record with its own timestamp and headers.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - partition: the partition; by default the one of the key's hash.
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    public func pipe(_ record: Record<Key, Value>, partition: Int32? = nil) throws {
        try pipe(
            key: record.key, value: record.value, timestampMs: record.timestampMs, headers: record.headers,
            partition: partition)
    }

    /// Pipes records with their own timestamps and headers, one after the other. Kafka: `pipeRecordList`.
    ///
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    public func pipe(records: some Sequence<Record<Key, Value>>) throws {
        for record in records { try pipe(record) }
    }

    /// Pipes keys with their values, one after the other. Kafka: `pipeKeyValueList`.
    ///
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    public func pipe(keyValues: [(Key?, Value?)]) throws {
        for (key, value) in keyValues { try pipe(key: key, value: value) }
    }

    /// Pipes values without keys, one after the other. Kafka: `pipeValueList`.
    ///
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    public func pipe(values: some Sequence<Value>) throws {
        for value in values { try pipe(value) }
    }

    /// Pipes bytes that the serdes may not be able to read.
    ///
    /// - Parameters:
    ///   - rawKey: the key's bytes; `nil` for none.
    ///   - rawValue: the value's bytes; `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch.
    ///   - headers: the record's headers; none by default.
    ///   - partition: the partition; by default the one of the key's hash.
    /// - Throws: `StreamsError` of the topology or of its error handlers, with codes such as `.deserialization`,
    ///   `.processing` or `.production`; the serdes' errors.
    public func pipe(
        rawKey: [UInt8]?, rawValue: [UInt8]?, timestampMs: Int64, headers: Headers = [], partition: Int32? = nil
    ) throws {
        try driver.pipe(
            topic, partition: partition, .copy(key: rawKey, value: rawValue), timestampMs: timestampMs,
            headers: headers)
    }
}
