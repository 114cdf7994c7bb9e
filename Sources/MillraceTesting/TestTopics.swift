public import Millrace

/// A topic to pipe records into a test driver. Kafka: `TestInputTopic`.
public final class TestInputTopic<Key, Value> {
    private let driver: TopologyTestDriver
    private let topic: String
    private let keySerde: Serde<Key>
    private let valueSerde: Serde<Value>
    /// The timestamp of the next record that is piped without one, in milliseconds; 0 at first.
    public var nextTimestampMs: Int64 = 0
    /// By how much that timestamp moves on after each such record; 0 by default.
    public var advanceMs: Int64 = 0

    init(driver: TopologyTestDriver, topic: String, keySerde: Serde<Key>, valueSerde: Serde<Value>) {
        self.driver = driver
        self.topic = topic
        self.keySerde = keySerde
        self.valueSerde = valueSerde
    }

    /// Pipes a record through the topology.
    ///
    /// - Parameters:
    ///   - key: the key, or `nil` for none.
    ///   - value: the value, or `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch; by default the topic's own next timestamp.
    ///   - headers: the record's headers; none by default.
    /// - Throws: what the serdes, the topology or its error handlers throw.
    public func pipe(key: Key?, value: Value?, timestampMs: Int64? = nil, headers: Headers = []) throws {
        let time = timestampMs ?? nextTimestampMs
        if timestampMs == nil { nextTimestampMs += advanceMs }
        try pipe(
            rawKey: key.map(keySerde.bytes), rawValue: value.map(valueSerde.bytes), timestampMs: time, headers: headers)
    }

    /// Pipes bytes that the serdes may not be able to read.
    public func pipe(rawKey: [UInt8]?, rawValue: [UInt8]?, timestampMs: Int64, headers: Headers = []) throws {
        try driver.pipe(topic: topic, key: rawKey, value: rawValue, timestampMs: timestampMs, headers: headers)
    }
}

/// A topic to read a test driver's results from. Kafka: `TestOutputTopic`.
public final class TestOutputTopic<Key, Value> {
    private let driver: TopologyTestDriver
    private let topic: String
    private let keySerde: Serde<Key>
    private let valueSerde: Serde<Value>

    init(driver: TopologyTestDriver, topic: String, keySerde: Serde<Key>, valueSerde: Serde<Value>) {
        self.driver = driver
        self.topic = topic
        self.keySerde = keySerde
        self.valueSerde = valueSerde
    }

    /// The next record that was not read yet, or `nil`.
    public func readRecord() throws -> Record<Key, Value>? {
        guard let sent = driver.readNext(topic) else { return nil }
        return Record(
            key: try sent.key.map(keySerde.value(from:)), value: try sent.value.map(valueSerde.value(from:)),
            timestampMs: sent.timestampMs, headers: sent.headers)
    }

    /// The next record's value; `nil` for a tombstone and where there is no record.
    public func readValue() throws -> Value? { try readRecord()?.value }

    /// All records that were not read yet.
    public func readRecords() throws -> [Record<Key, Value>] {
        var records: [Record<Key, Value>] = []
        while let record = try readRecord() { records.append(record) }
        return records
    }
}

extension TestOutputTopic where Key: Hashable {
    /// The records that were not read yet as a table: the last value of each key, `nil` for a deleted one.
    public func readTable() throws -> [Key: Value?] {
        var table: [Key: Value?] = [:]
        for record in try readRecords() {
            if let key = record.key { table[key] = .some(record.value) }
        }
        return table
    }
}
