import Millrace

/// Writes every change of a store to its changelog: the plain value, with the value's timestamp as the record's own.
///
/// Kafka: `ChangeLoggingTimestampedKeyValueBytesStore`.
final class ChangeLoggingStore: KeyValueBytesStore {
    private let inner: any KeyValueBytesStore
    private let changelog: any RecordOutput
    private let partition: Int32

    init(_ inner: any KeyValueBytesStore, changelog: any RecordOutput, partition: Int32) {
        self.inner = inner
        self.changelog = changelog
        self.partition = partition
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try inner.withValue(forKey: key, body)
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try inner.put(key: key, value: value, timestampMs: timestampMs)
        try changelog.send(
            key: key, value: value.map(TimestampedLayout.plainValue), partition: partition, timestampMs: timestampMs,
            headers: Headers())
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try inner.scan(from: lower, to: upper, body)
    }
}

/// How a timestamped value lies in a store: 8 bytes of milliseconds, big endian, before the value.
enum TimestampedLayout {
    static func plainValue(_ stored: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: stored.dropFirst(8))
    }

    /// Makes the stored bytes of a changelog record. Kafka: `RecordConverters.rawValueToTimestampedValue`.
    static func store(_ value: UnsafeRawBufferPointer, timestampMs: Int64, into buffer: inout [UInt8]) {
        withUnsafeBytes(of: timestampMs.bigEndian) { buffer.append(contentsOf: $0) }
        buffer.append(contentsOf: value)
    }
}
