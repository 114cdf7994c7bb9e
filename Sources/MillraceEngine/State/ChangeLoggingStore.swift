import Millrace

/// Writes every change of a store to its changelog, if it has one, and notes it for those who query the store.
///
/// Kafka: `ChangeLoggingKeyValueBytesStore`, `ChangeLoggingTimestampedKeyValueBytesStore`.
final class ChangeLoggingStore: KeyValueBytesStore {
    private let inner: any KeyValueBytesStore
    private let changelog: Changelog?
    private let feed: ChangeFeed

    init(_ inner: any KeyValueBytesStore, changelog: Changelog?, feed: ChangeFeed) {
        self.inner = inner
        self.changelog = changelog
        self.feed = feed
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try inner.withValue(forKey: key, body)
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try inner.put(key: key, value: value, timestampMs: timestampMs)
        try changelog?.send(key: key, stored: value, timestampMs: timestampMs)
        if feed.isFollowed { feed.note(key: key, value: value) }
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try inner.scan(from: lower, to: upper, reversed: reversed, body)
    }
}
