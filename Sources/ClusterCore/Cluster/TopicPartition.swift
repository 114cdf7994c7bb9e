/// A partition of a topic, ordered by topic name and then partition number.
package struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32

    package init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        left.topic == right.topic ? left.partition < right.partition : left.topic < right.topic
    }

    package var description: String { "\(topic)-\(partition)" }
}

/// The 16 bytes that identify a topic permanently, also after another topic took its name (KIP-516).
package struct TopicID: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The id in requests that name no topic by id.
    package static let zero = TopicID(high: 0, low: 0)
}

/// A producer id and the epoch that tells its incarnations apart (KIP-98).
package struct ProducerIdentity: Hashable, Sendable {
    package var producerID: Int64
    package var epoch: Int16

    package init(producerID: Int64, epoch: Int16) {
        self.producerID = producerID
        self.epoch = epoch
    }

    /// The value that a producer without an identity sends: -1, -1.
    package static let none = ProducerIdentity(producerID: -1, epoch: -1)
}

/// The records that a reader may see.
package enum IsolationLevel: Int8, Sendable {
    /// Everything up to the high watermark.
    case readUncommitted = 0
    /// Only what lies below the last stable offset; aborted transactions come as a list to filter by.
    case readCommitted = 1
}
