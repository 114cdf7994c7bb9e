import Millrace
import MillraceEngine

/// Describes the group with the topics as this member sees them instead of the leader.
final class MemberViewAdmin: AdminDecorator {
    private let consumer: SubscriptionRecordingConsumer

    init(_ inner: any AdminPort, _ consumer: SubscriptionRecordingConsumer) {
        self.consumer = consumer
        super.init(inner)
    }

    override func describeGroup(_ group: String) throws(PortError) -> GroupDescription? {
        guard var description = try super.describeGroup(group) else { return nil }
        description.partitionCounts = try partitionCounts(of: consumer.topics)
        return description
    }
}

/// Returns the partition counts that topics had when it was first asked.
final class FirstCountsAdmin: AdminDecorator {
    private var first: [String: Int32] = [:]

    override func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32] {
        unchanged(try super.partitionCounts(of: topics))
    }

    override func describeGroup(_ group: String) throws(PortError) -> GroupDescription? {
        guard var description = try super.describeGroup(group) else { return nil }
        description.partitionCounts = unchanged(description.partitionCounts)
        return description
    }

    private func unchanged(_ counts: [String: Int32]) -> [String: Int32] {
        first.merge(counts) { known, _ in known }
        return counts.merging(first.filter { counts[$0.key] != nil }) { $1 }
    }
}

/// Mistakes a topic for the first one that it knew under that name.
final class FirstTopicIDsAdmin: AdminDecorator {
    private var first: [String: String] = [:]

    override func topicIDs(of topics: [String]) throws(PortError) -> [String: String] {
        let ids = try super.topicIDs(of: topics)
        first.merge(ids) { known, _ in known }
        return ids.merging(first.filter { ids[$0.key] != nil }) { $1 }
    }
}
