import ClusterCore
import Millrace
import MillraceEngine

/// The admin client of a process.
final class SimulatedAdmin: AdminPort {
    private let world: SimulatedWorld
    private let process: SimulatedProcess

    init(world: SimulatedWorld, process: SimulatedProcess) {
        self.world = world
        self.process = process
    }

    func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32] {
        try world.request("metadata", for: .administer, by: process) { () throws(KafkaError) in
            let wanted = Set(topics)
            let found = world.cluster.listTopics().filter { wanted.contains($0.name) }
            return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.partitionCount) })
        }
    }

    func topicIDs(of topics: [String]) throws(PortError) -> [String: String] {
        try world.request("metadata", for: .administer, by: process) { () throws(KafkaError) in
            let wanted = Set(topics)
            let found = world.cluster.listTopics().filter { wanted.contains($0.name) }
            return Dictionary(uniqueKeysWithValues: found.map { ($0.name, "\($0.id)") })
        }
    }

    func topicNames() throws(PortError) -> [String] {
        try world.request("metadata", for: .administer, by: process) { () throws(KafkaError) in
            world.cluster.listTopics().map(\.name).filter { !$0.hasPrefix("__") }
        }
    }

    func configurations(of topics: [String]) throws(PortError) -> [String: [String: String]] {
        try world.request("describe configs", for: .administer, by: process) { () throws(KafkaError) in
            var found: [String: [String: String]] = [:]
            for topic in topics {
                for entry in try world.cluster.describeConfigs(.topic(topic)) {
                    found[topic, default: [:]][entry.name] = entry.value
                }
            }
            return found
        }
    }

    func createTopics(_ topics: [MillraceEngine.NewTopic]) throws(PortError) {
        try world.request("create topics", for: .administer, by: process) { () throws(KafkaError) in
            for topic in topics {
                do throws(KafkaError) {
                    _ = try world.cluster.createTopic(ClusterCore.NewTopic(topic), nowMs: world.clock.nowMs)
                } catch {
                    if error.code != .topicAlreadyExists { throw error }
                }
            }
        }
    }

    func deleteRecords(before offsets: [Millrace.TopicPartition: Int64]) throws(PortError) {
        try world.request("delete records", for: .administer, by: process) { () throws(KafkaError) in
            for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
                _ = try world.cluster.deleteRecords(
                    ClusterCore.TopicPartition(partition), beforeOffset: offset,
                    nowMs: world.clock.nowMs)
            }
        }
    }

    func describeGroup(_ group: String) throws(PortError) -> MillraceEngine.GroupDescription? {
        try world.request("describe group", for: .administer, by: process) { () throws(KafkaError) in
            let description = world.cluster.describeGroup(group)
            return MillraceEngine.GroupDescription(
                isStable: description.state == .stable,
                members: description.members.map { GroupMember(memberID: $0.memberID, clientID: $0.clientID) },
                assigned: description.members.flatMap { SimulatedAssignment($0.assignment).partitions })
        }
    }
}
