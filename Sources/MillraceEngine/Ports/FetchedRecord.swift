public import Millrace

/// A record as the consumer fetched it.
///
/// Key and value point into memory that `owner` keeps alive, so that a record can wait in a queue without being copied.
/// The records of one poll stay together: it is enough that one of them has an owner, which spares the others the retain.
@usableFromInline
package struct FetchedRecord {
    /// The slot that was given to the record's partition when it was assigned.
    @usableFromInline package var slot: Int
    @usableFromInline package var offset: Int64
    /// Milliseconds since the epoch; −1 where the broker has none.
    @usableFromInline package var timestampMs: Int64
    @usableFromInline package var headers: Headers
    @usableFromInline package var key: UnsafeRawBufferPointer?
    @usableFromInline package var value: UnsafeRawBufferPointer?
    @usableFromInline package var owner: AnyObject?

    @inlinable
    package init(
        slot: Int, offset: Int64, timestampMs: Int64, headers: Headers, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?, owner: AnyObject?
    ) {
        self.slot = slot
        self.offset = offset
        self.timestampMs = timestampMs
        self.headers = headers
        self.key = key
        self.value = value
        self.owner = owner
    }

    /// The bytes that the record's key and value take, for the bounds of the queues.
    var sizeInBytes: Int { (key?.count ?? 0) + (value?.count ?? 0) + 64 }
}
