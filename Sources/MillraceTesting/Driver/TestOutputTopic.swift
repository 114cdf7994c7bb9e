public import Millrace

/// A topic to read a test driver's results from. Kafka: `TestOutputTopic`.
///
/// ```swift
/// let record = try scores.readRecord()
/// let keyValue = try scores.readKeyValue()
/// let value = try scores.readValue()
/// let partition = try scores.readPartitionedRecord()?.partition
/// let records = try scores.readRecords()  // what is left
/// let keyValues = try scores.readKeyValues()
/// let values = try scores.readValues()
/// let table = try scores.readTable()
/// ```
///
/// Each record is read once, in the order of writing across all partitions.
public final class TestOutputTopic<Key, Value> {
    @usableFromInline let topic: DriverTopic
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>

    init(topic: DriverTopic, keySerde: Serde<Key>, valueSerde: Serde<Value>) {
        self.topic = topic
        self.keySerde = keySerde
        self.valueSerde = valueSerde
    }

    /// The topic's name.
    public var name: String { topic.name }

    /// The number of records that were not read yet. Kafka: `getQueueSize`.
    public var count: Int { topic.unreadCount }

    /// Whether everything was read.
    public var isEmpty: Bool { count == 0 }

    /// The next record that was not read yet, or `nil`.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    @inlinable
    public func readRecord() throws -> Record<Key, Value>? { try readPartitionedRecord()?.record }

    /// The next record with its partition, or `nil`.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    @inlinable
    public func readPartitionedRecord() throws -> (partition: Int32, record: Record<Key, Value>)? {
        guard let written = topic.popUnread() else { return nil }
        return try withExtendedLifetime(written.bytes) { bytes in
            let record = Record(
                key: try bytes.key.map { try keySerde.deserialize($0) },
                value: try bytes.value.map { try valueSerde.deserialize($0) }, timestampMs: written.timestampMs,
                headers: written.headers)
            return (written.partition, record)
        }
    }

    /// The next record's value; `nil` for a tombstone and where there is no record.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    @inlinable
    public func readValue() throws -> Value? { try readRecord()?.value }

    /// The next record's key and value, or `nil` where there is no record.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    @inlinable
    public func readKeyValue() throws -> (key: Key?, value: Value?)? {
        try readRecord().map { ($0.key, $0.value) }
    }

    /// All records that were not read yet.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    public func readRecords() throws -> [Record<Key, Value>] {
        var records: [Record<Key, Value>] = []
        while let record = try readRecord() { records.append(record) }
        return records
    }

    /// The keys and values of all records that were not read yet.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    public func readKeyValues() throws -> [(key: Key?, value: Value?)] {
        try readRecords().map { ($0.key, $0.value) }
    }

    /// The values of all records that were not read yet; `nil` for a tombstone.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    public func readValues() throws -> [Value?] { try readRecords().map(\.value) }
}

extension TestOutputTopic where Key: Hashable {
    /// The records that were not read yet as a table: the last value of each key, `nil` for a deleted one.
    ///
    /// Kafka: `readKeyValuesToMap`.
    ///
    /// - Throws: the serdes' errors, for instance a `SerdeError`; the record counts as read.
    public func readTable() throws -> [Key: Value?] {
        var table: [Key: Value?] = [:]
        for record in try readRecords() {
            if let key = record.key { table[key] = .some(record.value) }
        }
        return table
    }
}
