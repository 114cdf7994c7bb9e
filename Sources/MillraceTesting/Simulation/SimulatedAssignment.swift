import ClusterCore
import Millrace

/// The topics that a group's members subscribe to, as the leader writes them into the assignment: one line for each, with its
/// number of partitions.
struct SimulatedAssignment {
    private var counts: [String: Int32] = [:]

    /// - Parameter subscriptions: the members' subscriptions, one topic on each line. A topic that does not exist is skipped.
    init(of subscriptions: [[UInt8]], in cluster: Cluster) {
        for topic in Set(subscriptions.flatMap(Self.lines)) {
            counts[topic] = (try? cluster.describeTopic(topic))?.partitionCount
        }
    }

    init(_ bytes: [UInt8]) {
        for line in Self.lines(bytes) {
            let parts = line.split(separator: " ")
            if parts.count == 2 { counts[String(parts[0])] = Int32(parts[1]) }
        }
    }

    var bytes: [UInt8] { Array(counts.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: "\n").utf8) }

    var partitions: [Millrace.TopicPartition] {
        counts.sorted { $0.key < $1.key }.flatMap { topic, count in
            (0..<count).map { Millrace.TopicPartition(topic: topic, partition: $0) }
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
