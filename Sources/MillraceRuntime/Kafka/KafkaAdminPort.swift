import Glibc
import KafkaClient
import Millrace
import MillraceEngine

/// Adapts librdkafka's admin client to the engine. All workers may use it at once.
final class KafkaAdminPort: AdminPort, Sendable {
    private let admin: KafkaAdmin
    private let timeoutMs: Int32

    init(_ settings: ClientSettings, timeoutMs: Int32, log: @escaping ClientLogHandler) throws(PortError) {
        admin = try port(.administer) { () throws(KafkaError) in try KafkaAdmin(settings, log: log) }
        self.timeoutMs = timeoutMs
    }

    /// Throws within the time-out, with the address, if no broker answers.
    func checkConnection() throws(PortError) {
        _ = try port(.administer) { () throws(KafkaError) in try admin.brokers(timeoutMs: timeoutMs) }
    }

    func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32] {
        let described = try port(.administer) { () throws(KafkaError) in
            try admin.describeTopics(topics, timeoutMs: timeoutMs)
        }
        var counts: [String: Int32] = [:]
        for (name, result) in described {
            switch result {
            case .success(let topic): counts[name] = Int32(topic.partitions.count)
            case .failure(let error) where error.code == .unknownTopicOrPartition: break
            case .failure(let error): throw PortError(error, during: .administer)
            }
        }
        return counts
    }

    func topicNames() throws(PortError) -> [String] {
        try port(.administer) { () throws(KafkaError) in try admin.topicNames(timeoutMs: timeoutMs) }
    }

    func configurations(of topics: [String]) throws(PortError) -> [String: [String: String]] {
        var configurations: [String: [String: String]] = [:]
        for topic in topics {
            let entries = try port(.administer) { () throws(KafkaError) in
                try admin.describeConfigs(.topic(topic), timeoutMs: timeoutMs)
            }
            configurations[topic] = entries.compactMapValues(\.value)
        }
        return configurations
    }

    func createTopics(_ topics: [MillraceEngine.NewTopic]) throws(PortError) {
        let wanted = topics.map { KafkaClient.NewTopic($0) }
        let results = try port(.administer) { () throws(KafkaError) in
            try admin.createTopics(wanted, timeoutMs: timeoutMs)
        }
        for case .failure(let error) in results.values where error.code != .topicAlreadyExists {
            throw PortError(error, during: .administer)
        }
        try awaitTopics(topics.map(\.name))
    }

    /// Waits until the topics are known, because not every broker learns at once what the controller has created.
    private func awaitTopics(_ names: [String]) throws(PortError) {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        while try partitionCounts(of: names).count < Set(names).count, ContinuousClock.now < deadline {
            usleep(50_000)
        }
    }

    /// Deletes topics and waits until they are gone.
    ///
    /// - Returns: the topics that existed.
    func deleteTopics(_ topics: [String]) throws(PortError) -> [String] {
        let results = try port(.administer) { () throws(KafkaError) in
            try admin.deleteTopics(topics, timeoutMs: timeoutMs)
        }
        var deleted: [String] = []
        for (topic, result) in results.sorted(by: { $0.key < $1.key }) {
            switch result {
            case .success: deleted.append(topic)
            case .failure(let error) where error.code == .unknownTopicOrPartition: break
            case .failure(let error): throw PortError(error, during: .administer)
            }
        }
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        while try !partitionCounts(of: deleted).isEmpty, ContinuousClock.now < deadline { usleep(50_000) }
        return deleted
    }

    /// Deletes a group without members, and its offsets. A group that does not exist is no error.
    func deleteGroup(_ group: String) throws(PortError) {
        let results = try port(.administer) { () throws(KafkaError) in
            try admin.deleteConsumerGroups([group], timeoutMs: timeoutMs)
        }
        if case .failure(let error)? = results[group], error.code != .groupIDNotFound {
            throw PortError(error, during: .administer)
        }
    }

    /// Returns the offsets that a group has committed; none for a group that does not exist.
    func committedOffsets(of group: String) throws(PortError) -> [Millrace.TopicPartition: Int64] {
        let offsets = try port(.administer) { () throws(KafkaError) in
            try admin.listConsumerGroupOffsets(group, timeoutMs: timeoutMs)
        }
        return Dictionary(uniqueKeysWithValues: offsets.map { (Millrace.TopicPartition($0), $1.offset) })
    }

    func deleteRecords(before offsets: [Millrace.TopicPartition: Int64]) throws(PortError) {
        var wanted: [KafkaClient.TopicPartition: Int64] = [:]
        for (partition, offset) in offsets { wanted[KafkaClient.TopicPartition(partition)] = offset }
        let results = try port(.administer) { () throws(KafkaError) in
            try admin.deleteRecords(before: wanted, timeoutMs: timeoutMs)
        }
        for case .failure(let error) in results.values { throw PortError(error, during: .administer) }
    }

    func describeGroup(_ group: String) throws(PortError) -> GroupDescription? {
        let described = try port(.administer) { () throws(KafkaError) in
            try admin.describeConsumerGroups([group], timeoutMs: timeoutMs)
        }
        switch described[group] {
        case .success(let description):
            return GroupDescription(
                isStable: description.state == .stable,
                members: description.members.map { GroupMember(memberID: $0.memberID, clientID: $0.clientID) },
                assigned: description.members.flatMap(\.assignment).map(Millrace.TopicPartition.init))
        case .failure(let error) where [.unsupportedFeature, .unsupportedVersion].contains(error.code): return nil
        case .failure(let error): throw PortError(error, during: .administer)
        case nil: return nil
        }
    }
}
