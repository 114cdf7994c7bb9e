/// A versioned store as operators see it. It takes and returns bytes.
///
/// As a key-value store it contains the latest versions: `withValue(forKey:)` returns the latest value after its timestamp,
/// and `put` puts a version in. A value that is put has its timestamp in front, as in `TimestampedKeyValueStore`.
@usableFromInline
package protocol VersionedBytesStore: KeyValueBytesStore {
    /// Puts in a version of a key or, with a value of `nil`, its deletion at a moment. The changelog gets it in either case.
    func putVersion(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64
    ) throws -> PutVersion

    /// The highest timestamp that was put; −1 while there is none.
    var streamTimeMs: Int64 { get }

    /// The oldest timestamp that is accepted.
    var oldestMs: Int64 { get }

    /// Calls `body` with the version of a key that was valid at a moment, after the version's timestamp, or with `nil`.
    func withValue(
        forKey key: UnsafeRawBufferPointer, asOfMs: Int64, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Calls `body` for the versions of a key that were valid at some moment of a range, the oldest first. It gets the value
    /// after the version's timestamp, and the moment at which it ceased to be valid, `Int64.max` for the latest one.
    func scanVersions(
        ofKey key: UnsafeRawBufferPointer, validWithin timesMs: ClosedRange<Int64>,
        _ body: (_ value: UnsafeRawBufferPointer, _ validToMs: Int64) throws -> Void) throws
}

/// The result of putting a version into a store. Kafka: `VersionedKeyValueStore.PUT_RETURN_CODE_…`.
@usableFromInline
package enum PutVersion: Sendable {
    /// It is the key's latest one.
    case latest
    /// The key has a later one.
    case outOfOrder
    /// It is older than the history that the store keeps, and was not added.
    case expired
}
