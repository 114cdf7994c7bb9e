import KafkaClient
import Millrace

/// The lag of a group in one partition.
package struct PartitionLag: Sendable, Hashable {
    package var partition: TopicPartition
    /// The offset that the group has committed; nil for none yet.
    package var committed: Int64?
    /// The offset behind the last committed record.
    package var end: Int64
    /// The number of offsets between the two. Where the partition is written in transactions, their ends count too.
    package var records: Int64
    /// The timestamp of the first record that the group has not committed, in milliseconds since 1970; nil if there is none.
    package var oldestMs: Int64?
    /// The time since then, in seconds; 0 if the group has committed everything.
    package var seconds: Double
}

/// Compares what a group has committed with what there is.
package struct Lag {
    private let connection: ClusterConnection

    package init(_ connection: ClusterConnection) { self.connection = connection }

    /// Returns the lag in each partition of the group, and of further topics, in order.
    ///
    /// - Throws: `.missing` if the group has committed nothing and no other topic is named, or none of them exists.
    package func measure(
        group: String, topics: [String] = [], progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws(OperationError) -> [PartitionLag] {
        let admin = try connection.admin()
        let committed = try connection.kafka("reading the offsets of group \(group)") { () throws(KafkaError) in
            try admin.listConsumerGroupOffsets(group, timeoutMs: connection.timeoutMs)
        }
        guard !committed.isEmpty || !topics.isEmpty else {
            throw OperationError(.missing, "there is no group \(group), or it has committed no offsets")
        }
        let counts = try connection.partitionCounts(of: Array(Set(topics + committed.keys.map(\.topic))), admin)
        let partitions = counts.flatMap { topic, count in (0..<count).map { TopicPartition(topic, $0) } }
            .filter { committed[$0] != nil || topics.contains($0.topic) }.sorted()
        guard !partitions.isEmpty else {
            throw OperationError(.missing, "none of the topics exists: \(topics.joined(separator: ", "))")
        }
        let marks = try connection.watermarks(of: partitions)
        var starts: [TopicPartition: Range<Int64>] = [:]
        for (partition, marks) in marks {
            let start = max(marks.low, committed[partition]?.offset ?? marks.low)
            if start < marks.high { starts[partition] = start..<marks.high }
        }
        let oldest = try connection.firstTimestamps(in: starts, progress: progress)
        let now = Moment(ms: currentMs())
        return partitions.map { partition in
            let end = marks[partition]?.high ?? 0
            let oldestMs = oldest[partition]
            return PartitionLag(
                partition: partition, committed: committed[partition]?.offset, end: end,
                records: oldestMs == nil ? 0 : starts[partition].map { Int64($0.count) } ?? 0, oldestMs: oldestMs,
                seconds: oldestMs.map { Double(max(.zero, now - Moment(ms: $0)).ms) / 1_000 } ?? 0)
        }
    }
}
