import Millrace

/// Writes every change of a store to its changelog.
///
/// Kafka: `ChangeLoggingKeyValueBytesStore`, `ChangeLoggingTimestampedKeyValueBytesStore`.
final class ChangeLoggingStore: KeyValueBytesStore {
    private let inner: any KeyValueBytesStore
    private let changelog: Changelog

    init(_ inner: any KeyValueBytesStore, changelog: Changelog) {
        self.inner = inner
        self.changelog = changelog
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try inner.withValue(forKey: key, body)
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try inner.put(key: key, value: value, timestampMs: timestampMs)
        try changelog.send(key: key, stored: value, timestampMs: timestampMs)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try inner.scan(from: lower, to: upper, reversed: reversed, body)
    }
}
