/// A partition of a topic.
package struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var topic: String
    /// From 0.
    package var partition: Int32

    package init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `orders-3`, Kafka's own notation.
    package var description: String { "\(topic)-\(partition)" }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.topic, lhs.partition) < (rhs.topic, rhs.partition)
    }
}

/// A position in a partition that is, or will be, committed.
package struct CommittedOffset: Sendable, Hashable {
    /// The next offset to read: the one after the last record processed.
    package var offset: Int64
    /// Free text kept beside the offset, at most 4 KB by the broker's default; nil and empty are the same to Kafka.
    package var metadata: String?

    package init(_ offset: Int64, metadata: String? = nil) {
        self.offset = offset
        self.metadata = metadata
    }
}

/// The start of reading in a partition.
package enum StartOffset: Sendable, Hashable {
    /// This offset; if it is out of range, `auto.offset.reset` decides.
    case absolute(Int64)
    case beginning
    case end
    /// The group's committed offset, or `auto.offset.reset` where there is none.
    case stored
}

/// Offsets between which records can be read.
package struct Watermarks: Sendable, Hashable {
    /// The offset of the first record still there.
    package var low: Int64
    /// The offset after the last readable record.
    package var high: Int64

    package init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }
}

/// The records of transactions that a consumer sees.
package enum IsolationLevel: String, Sendable {
    /// All.
    case readUncommitted = "read_uncommitted"
    /// Those committed, up to the first transaction still open (the last stable offset).
    case readCommitted = "read_committed"
}
