import Millrace

/// Passes every change of a key-value store to its writer.
///
/// Kafka: `ChangeLoggingKeyValueBytesStore`, `ChangeLoggingTimestampedKeyValueBytesStore`.
final class ChangeLoggingStore: KeyValueBytesStore {
    private let inner: any KeyValueBytesStore
    private let changes: ChangeWriter

    init(_ inner: any KeyValueBytesStore, changes: ChangeWriter) {
        self.inner = inner
        self.changes = changes
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try inner.withValue(forKey: key, body)
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try inner.put(key: key, value: value, timestampMs: timestampMs)
        try changes.write(key: key, stored: value, timestampMs: timestampMs)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try inner.scan(from: lower, to: upper, reversed: reversed, body)
    }
}
