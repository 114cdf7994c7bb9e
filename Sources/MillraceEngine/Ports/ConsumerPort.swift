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

/// What has happened to a consumer beside records.
package enum ConsumerEvent: Sendable {
    /// The group has a new generation. The partitions are those of the coordinator's own assignor.
    case assigned([TopicPartition])
    /// The partitions are to be given up. `lost` means that somebody else may own them already.
    case revoked([TopicPartition], lost: Bool)
    /// A partition has been read up to this offset, which is its end (its last stable offset, when reading committed data
    /// only).
    case endOfPartition(slot: Int, offset: Int64)
    /// The offset to read from does not exist any more.
    case offsetOutOfRange(slot: Int)
    /// A topic that is read, or asked for, does not exist as far as the client knows.
    case topicUnavailable(String)
    /// Something is wrong that may pass by itself, such as a broker that cannot be reached.
    case trouble(String)
}

/// What one poll brought.
package struct PollResult {
    package var records: [FetchedRecord]
    package var events: [ConsumerEvent]

    package init(records: [FetchedRecord] = [], events: [ConsumerEvent] = []) {
        self.records = records
        self.events = events
    }
}

/// A partition to be read, from where, and the number under which its records are to arrive.
package struct PartitionAssignment: Hashable, Sendable {
    package var partition: TopicPartition
    package var slot: Int
    /// The first offset to read; `nil` for the first that there is.
    package var offset: Int64?

    package init(partition: TopicPartition, slot: Int, offset: Int64?) {
        self.partition = partition
        self.slot = slot
        self.offset = offset
    }
}

/// A place in a partition of which only the broker knows the offset.
package enum PartitionPlace: Hashable, Sendable {
    /// The first record that there is.
    case start
    /// Behind the last record that can be read.
    case end
    /// The first record whose timestamp is no lower; the end where there is none.
    case time(ms: Int64)
}

/// An offset to commit, or one that was committed: the next one to read.
package struct CommittedOffset: Hashable, Sendable {
    package var offset: Int64
    package var metadata: String

    package init(offset: Int64, metadata: String) {
        self.offset = offset
        self.metadata = metadata
    }
}

/// Reads from topics. Belongs to one worker and is used from its thread only.
package protocol ConsumerPort: AnyObject {
    /// Joins the group to read these topics, anew where it was to read others; leaves it where there is none. Partitions
    /// arrive as events of later polls.
    func subscribe(to topics: [String]) throws(PortError)

    /// Returns records and events as soon as there are any, or nothing after the time-out.
    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult

    /// Reads these partitions from now on, and no others.
    func assign(_ assignments: [PartitionAssignment]) throws(PortError)

    func pause(_ partitions: [TopicPartition]) throws(PortError)
    func resume(_ partitions: [TopicPartition]) throws(PortError)

    /// The offsets of places in partitions; all of them, or an error.
    func offsets(of places: [TopicPartition: PartitionPlace]) throws(PortError) -> [TopicPartition: Int64]

    /// The offsets that the group has committed; partitions without one are left out.
    ///
    /// - Parameter timeoutMs: for how long to try; `nil` for as long as other requests.
    func committed(
        _ partitions: [TopicPartition], withinMs timeoutMs: Int?
    ) throws(PortError) -> [TopicPartition: CommittedOffset]

    /// Commits offsets outside a transaction.
    func commit(_ offsets: [TopicPartition: CommittedOffset]) throws(PortError)

    /// The offset behind the last record, committed or not, as far as known from what was read.
    func knownEndOffset(of partition: TopicPartition) -> Int64?

    /// The member's place in the group, to be sent with transactional offsets (KIP-447). Valid until the next rebalance.
    func groupMetadata() throws(PortError) -> AnyObject?

    /// The id that the coordinator gave this member; `nil` before it has joined.
    func memberID() -> String?

    /// Asks the broker something small, without waiting long, and says whether it answered.
    func isAnswered() -> Bool

    /// Leaves the group, unless the member is static, and frees what the consumer holds.
    func close()
}

extension ConsumerPort {
    package func isAnswered() -> Bool { false }

    func committed(_ partitions: [TopicPartition]) throws(PortError) -> [TopicPartition: CommittedOffset] {
        try committed(partitions, withinMs: nil)
    }
}
