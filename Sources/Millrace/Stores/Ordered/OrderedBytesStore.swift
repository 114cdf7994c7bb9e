/// An ordered store as operators see it. It takes and returns bytes, under the keys of its changelog.
///
@usableFromInline
package protocol OrderedBytesStore: KeyValueBytesStore, StoreCache {
    /// Calls `body` for the entries with keys from `lower` through `upper` and times within a range, until it returns
    /// `false`. The oldest segment comes first, and within a segment the order is that of the keys; `reversed` inverts all
    /// of it. For a single key of the user's this is the order of time. `body` may change the store.
    ///
    /// - Parameters:
    ///   - lower: the lowest key; `nil` for no bound.
    ///   - upper: the highest key; `nil` for no bound.
    func scan(
        times: ClosedRange<Int64>, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws

    /// Does the same as `scan` for all keys, in the order of time and, within a moment, of the keys. It includes entries
    /// that have expired but are held. It needs a store with an index by time.
    func scanByTime(
        _ times: ClosedRange<Int64>, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws

    /// The time from which on entries are kept even if they have expired; `Int64.max` if none are.
    ///
    /// A result that is forwarded when its window closes must not expire earlier: stream time can advance by any step.
    var heldFromMs: Int64 { get set }

    /// The highest time of any key that was put; −1 while there is none.
    var streamTimeMs: Int64 { get }

    /// The time from which on entries are accepted; earlier ones have expired.
    var oldestKeptMs: Int64 { get }

    /// The greatest distance to the store's stream time at which an entry is kept.
    var retentionMs: Int64 { get }

    /// Logs the deletion of a key that was never in the store. The store and its stream time do not change.
    func logDeletion(key: UnsafeRawBufferPointer, timestampMs: Int64) throws

    /// Returns a number above that of every entry of the store. It keeps duplicates of a key in the order in which they were
    /// put.
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

/// The changes of a store that wait for the next commit before they go to the changelog and downstream of the store.
///
/// If a key changes several times between two flushes, only the last change is forwarded. A deletion of a key that did not
/// exist before is not forwarded at all. Kafka: `CachedStateStore`.
@usableFromInline
package protocol StoreCache: FlushableStore {
    /// Whether changes wait.
    var isCaching: Bool { get }

    /// Sets or, with a value of `nil`, deletes a key, and keeps the record that caused it for the flush.
    func put(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64,
        origin: CachingKeyValueStore.Origin) throws

    /// Sets the listener that gets each change that is flushed.
    func onFlush(sendsOldValues: Bool, _ listener: @escaping CachingKeyValueStore.FlushListener)
}

/// A store that needs to do something before a commit. Kafka: `StateStore.flush`.
@usableFromInline
package protocol FlushableStore: AnyObject {
    /// The approximate memory that waiting changes take.
    var cacheSizeInBytes: Int { get }

    /// Releases the listener, and so everything that it refers to.
    func removeListener()

    /// Forwards every change made before the call, in the order in which the keys were last changed.
    func flush() throws
}
