package import Millrace

/// Reads partitions from given offsets. Belongs to one worker and is used from its thread only.
///
/// It does not know a group: that is the purpose of a ``MembershipPort``.
package protocol ReaderPort: AnyObject {
    /// Reads these partitions from now on, and no others. Records that were read for an earlier assignment do not arrive any more.
    func assign(_ assignments: [PartitionAssignment]) throws(PortError)

    /// Returns records and events as soon as there are any, or nothing after the time-out.
    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult

    /// Stops delivering records of assigned partitions until they are resumed.
    func pause(_ partitions: [TopicPartition]) throws(PortError)

    /// Continues after the last record that was delivered.
    func resume(_ partitions: [TopicPartition]) throws(PortError)

    /// Asks the broker for offsets; returns all of them, or throws. Kafka: ListOffsets.
    func listOffsets(_ specs: [TopicPartition: OffsetSpec]) throws(PortError) -> [TopicPartition: Int64]

    /// Returns the offset after the last record, committed or not, as far as it is known from what was read. The end of a paused
    /// partition is looked up now and then.
    func knownEndOffset(of partition: TopicPartition) -> Int64?

    /// Returns the first offset to read of a partition that was assigned without one, as far as it is known.
    func firstOffset(of partition: TopicPartition) -> Int64?

    /// Sends the broker a small request, without waiting long. Returns whether the broker answered.
    func isAnswered() -> Bool

    /// Stops reading and frees the client's resources. A member leaves its group, unless it is static.
    func close()
}

extension ReaderPort {
    package func firstOffset(of partition: TopicPartition) -> Int64? { nil }
}

/// The result of one poll.
package struct PollResult {
    /// The runs in the order in which they were read; a partition may have several.
    package var runs: [RecordRun]
    package var events: [ReaderEvent]

    package init(runs: [RecordRun] = [], events: [ReaderEvent] = []) {
        self.runs = runs
        self.events = events
    }
}

/// An event of a reader, other than records.
package enum ReaderEvent: Hashable, Sendable {
    /// A partition has been read up to this offset, which is its end (its last stable offset, when reading committed data
    /// only).
    case endOfPartition(slot: Int, offset: Int64)
    /// The offset to read from does not exist any more.
    case offsetOutOfRange(slot: Int)
    /// A topic that is read or asked for does not exist as far as the client knows.
    case topicUnavailable(String)
    /// A problem that may pass by itself, such as a broker that cannot be reached.
    case trouble(String)
}

/// A partition to read, its first offset, and the number under which its records arrive.
package struct PartitionAssignment: Hashable, Sendable {
    package var partition: TopicPartition
    package var slot: Int
    /// The first offset to read; `nil` for the first available one.
    package var offset: Int64?

    package init(partition: TopicPartition, slot: Int, offset: Int64?) {
        self.partition = partition
        self.slot = slot
        self.offset = offset
    }
}

/// An offset that only the broker knows. Kafka: `OffsetSpec`.
package enum OffsetSpec: Hashable, Sendable {
    /// The first available record.
    case earliest
    /// The offset after the last record that can be read.
    case latest
    /// The first record whose timestamp is at least this one; the latest offset if there is none.
    case timestamp(ms: Int64)
}
