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

    /// The part of the client id that identifies the member, also after a restart, wherever it runs.
    package var name: Substring { clientID[..<(clientID.lastIndex(of: "@") ?? clientID.endIndex)] }

    /// The part of the name that identifies the member's instance: the workers of one instance differ only in their number.
    package var instance: Substring {
        name.lastIndex(of: "-").map { end in
            let instance = name[..<end]
            return instance.hasSuffix(Self.workerMark) ? instance.dropLast(Self.workerMark.count) : name
        } ?? name
    }

    private static let workerMark = "-worker"

    /// Returns the name of one of an instance's workers.
    package static func name(instance: String, worker: Int) -> String { "\(instance)\(workerMark)-\(worker)" }

    /// The address at which the member's instance answers queries, if it was given one.
    package var address: InstanceAddress? {
        clientID.lastIndex(of: "@").flatMap { InstanceAddress(String(clientID[clientID.index(after: $0)...])) }
    }

    /// Returns the client id of a member with a name and, if its instance answers queries, an address.
    package static func clientID(name: String, address: InstanceAddress?) -> String {
        address.map { "\(name)@\($0)" } ?? name
    }
}

/// The coordinator's description of a group.
package struct GroupDescription: Hashable, Sendable {
    package var isStable: Bool
    package var members: [GroupMember]
    /// The partition count of each topic that a member subscribes to, as the leader of this generation saw it.
    package var partitionCounts: [String: Int32]

    /// - Parameter assigned: the partitions that the leader's own assignor has distributed among the members.
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

/// Describes and changes the cluster's topics and groups. Calls block.
package protocol AdminPort: AnyObject {
    /// Returns the partition count of each topic; topics that do not exist are missing.
    func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32]

    /// Returns the ids of topics: another id means another topic, even under the same name. Topics whose id neither the broker nor
    /// the client tells are missing.
    func topicIDs(of topics: [String]) throws(PortError) -> [String: String]

    /// Returns the names of all topics except the broker's own.
    func topicNames() throws(PortError) -> [String]

    /// Returns the settings of topics, as far as the broker tells them.
    func configurations(of topics: [String]) throws(PortError) -> [String: [String: String]]

    /// Creates topics. One that exists already is no error.
    func createTopics(_ topics: [NewTopic]) throws(PortError)

    /// Deletes the records before the given offsets.
    func deleteRecords(before offsets: [TopicPartition: Int64]) throws(PortError)

    /// Returns the members of a group, or `nil` if the broker cannot describe groups.
    func describeGroup(_ group: String) throws(PortError) -> GroupDescription?
}

extension AdminPort {
    package func topicIDs(of topics: [String]) throws(PortError) -> [String: String] { [:] }
}
