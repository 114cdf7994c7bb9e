/// An ordered store as operators see it: bytes in, bytes out, under the keys of its changelog.
///
@usableFromInline
package protocol OrderedBytesStore: KeyValueBytesStore, StoreCache {
    /// Calls `body` for the entries with keys from `lower` through `upper` and times within a range, until it returns
    /// `false`: segment by segment, the oldest first, and in each in the order of the keys; all of it the other way round if
    /// reversed. For a single key of the user's that is the order of time. `body` may change the store.
    ///
    /// - Parameters:
    ///   - lower: the lowest key; `nil` for no bound.
    ///   - upper: the highest key; `nil` for no bound.
    func scan(
        times: ClosedRange<Int64>, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws

    /// As `scan`, for all keys, in the order of time and of the keys within a moment, those that have expired but are held
    /// among them. Needs a store with an index by time.
    func scanByTime(
        _ times: ClosedRange<Int64>, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws

    /// The time from which on entries are kept even where they have expired; `Int64.max` where none are.
    ///
    /// A result that is handed on when its window closes must not expire before: stream time can move by any step.
    var heldFromMs: Int64 { get set }

    /// The highest time of any key that was put; −1 while there is none.
    var streamTimeMs: Int64 { get }

    /// The time from which on entries are taken; those before have expired.
    var oldestKeptMs: Int64 { get }

    /// How long behind the store's stream time an entry is kept.
    var retentionMs: Int64 { get }

    /// Tells the changelog of the deletion of a key that was never there. The store is as it was, and so is its stream time.
    func logDeletion(key: UnsafeRawBufferPointer, timestampMs: Int64) throws

    /// A number above that of every entry of the store; for duplicates of a key, which so stay in the order in which they came.
    func nextSequenceNumber() -> Int32
}

extension OrderedBytesStore {
    func scan(
        times: ClosedRange<Int64>, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try scan(times: times, from: lower, through: upper, reversed: false, body)
    }
}

/// Changes of a store that wait for the next commit before they go to the changelog and to what comes behind the store.
///
/// Of several changes of a key between two flushes only the last one is seen; a deletion of a key that was not there before
/// is seen by nobody. Kafka: `CachedStateStore`.
@usableFromInline
package protocol StoreCache: FlushableStore {
    /// Whether changes wait.
    var isCaching: Bool { get }

    /// Sets or, with a value of `nil`, deletes a key, and keeps the record that caused it for the flush.
    func put(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64,
        origin: CachingKeyValueStore.Origin) throws

    /// Sets who is told of each change that is flushed.
    func onFlush(sendsOldValues: Bool, _ listener: @escaping CachingKeyValueStore.FlushListener)
}

/// A store with something that is to be done before a commit. Kafka: `StateStore.flush`.
@usableFromInline
package protocol FlushableStore: AnyObject {
    /// The memory that waiting changes take, about.
    var cacheSizeInBytes: Int { get }

    /// Lets whoever listens go, and with it everything that it refers to.
    func removeListener()

    /// Hands on every change made before the call, in the order in which the keys were last changed.
    func flush() throws
}
