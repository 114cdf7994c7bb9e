package import Millrace

/// A topic to be created.
package struct NewTopic: Hashable, Sendable {
    package var name: String
    package var partitions: Int32
    /// −1 for the broker's default.
    package var replicationFactor: Int16
    package var configuration: [String: String]

    package init(name: String, partitions: Int32, replicationFactor: Int16, configuration: [String: String]) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.configuration = configuration
    }
}

/// A member of a group as the coordinator describes it.
package struct GroupMember: Hashable, Sendable {
    package var memberID: String
    package var clientID: String

    package init(memberID: String, clientID: String) {
        self.memberID = memberID
        self.clientID = clientID
    }

    /// What tells the member from others also after a restart, wherever it runs.
    package var name: Substring { clientID[..<(clientID.lastIndex(of: "@") ?? clientID.endIndex)] }

    /// What tells the member's instance from others: the workers of one differ in their number only.
    package var instance: Substring {
        name.lastIndex(of: "-").map { end in
            let instance = name[..<end]
            return instance.hasSuffix(Self.workerMark) ? instance.dropLast(Self.workerMark.count) : name
        } ?? name
    }

    private static let workerMark = "-worker"

    /// The name of one of an instance's workers.
    package static func name(instance: String, worker: Int) -> String { "\(instance)\(workerMark)-\(worker)" }

    /// Where the member's instance answers queries, if it was given an address.
    package var address: InstanceAddress? {
        clientID.lastIndex(of: "@").flatMap { InstanceAddress(String(clientID[clientID.index(after: $0)...])) }
    }

    /// The client id of a member with a name and, where its instance answers queries, an address.
    package static func clientID(name: String, address: InstanceAddress?) -> String {
        address.map { "\(name)@\($0)" } ?? name
    }
}

/// What a group looks like to its coordinator.
package struct GroupDescription: Hashable, Sendable {
    package var isStable: Bool
    package var members: [GroupMember]
    /// How many partitions each topic has that a member subscribes to, as the leader of this generation saw them.
    package var partitionCounts: [String: Int32]

    /// - Parameter assigned: the partitions that the leader's own assignor has shared out among the members.
    package init(isStable: Bool, members: [GroupMember], assigned: [TopicPartition] = []) {
        self.isStable = isStable
        self.members = members
        partitionCounts = assigned.partitionCounts
    }
}

extension [TopicPartition] {
    /// One more than the highest partition of each topic.
    package var partitionCounts: [String: Int32] {
        reduce(into: [:]) { counts, partition in
            counts[partition.topic] = Swift.max(counts[partition.topic] ?? 0, partition.partition + 1)
        }
    }
}

/// Asks and changes what the cluster consists of. Calls block.
package protocol AdminPort: AnyObject {
    /// How many partitions each topic has; topics that do not exist are left out.
    func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32]

    /// The ids of topics: another one means another topic, even under the same name. Topics whose id neither the broker nor the
    /// client tells are left out.
    func topicIDs(of topics: [String]) throws(PortError) -> [String: String]

    /// The names of all topics, without the broker's own.
    func topicNames() throws(PortError) -> [String]

    /// The settings of topics, as far as the broker tells them.
    func configurations(of topics: [String]) throws(PortError) -> [String: [String: String]]

    /// Creates topics; one that exists already is no error.
    func createTopics(_ topics: [NewTopic]) throws(PortError)

    /// Deletes the records before the given offsets.
    func deleteRecords(before offsets: [TopicPartition: Int64]) throws(PortError)

    /// The members of a group, or `nil` where the broker cannot describe groups.
    func describeGroup(_ group: String) throws(PortError) -> GroupDescription?
}

extension AdminPort {
    package func topicIDs(of topics: [String]) throws(PortError) -> [String: String] { [:] }
}
