import Millrace
import MillraceEngine

/// The behaviour of every ``AdminPort``.
package enum AdminContract {
    package static let behaviours: [PortBehaviour] = [
        PortBehaviour("topics that are created are there, with their settings; one that exists is no error") { lab in
            let topics = ([("a", 1), ("b", 3)] as [(String, Int32)]).map { name, partitions in
                NewTopic(
                    name: name, partitions: partitions, replicationFactor: -1,
                    configuration: ["cleanup.policy": "compact"])
            }
            try lab.admin.createTopics(topics)
            try lab.admin.createTopics(topics)
            try requireEqual(try lab.admin.partitionCounts(of: ["a", "b", "none"]), ["a": 1, "b": 3], "the counts")
            let names = try lab.admin.topicNames()
            try require(Set(names).isSuperset(of: ["a", "b"]), "the names are \(names)")
            try requireEqual(
                try lab.admin.configurations(of: ["a", "b"]).mapValues { $0["cleanup.policy"] },
                ["a": "compact", "b": "compact"], "the settings")
            try requireEqual(try lab.admin.topicIDs(of: ["none"]), [:], "the id of a topic that is not there")
        },
        PortBehaviour("records before an offset are deleted") { lab in
            let topic = try lab.makeTopic()
            let partition = TopicPartition(topic: topic, partition: 0)
            try lab.write("a", "b", "c", to: topic)
            try lab.admin.deleteRecords(before: [partition: 2])
            let reader = try lab.makeReader()
            defer { reader.close() }
            try requireEqual(try reader.listOffsets([partition: .earliest]), [partition: 2], "the earliest")
            try requireEqual(try reader.listOffsets([partition: .latest]), [partition: 3], "the latest")
        },
    ]

    /// The behaviours with groups whose members the cluster itself manages.
    package static let groupBehaviours: [PortBehaviour] = [
        PortBehaviour("a group is described with its members, and what its leader assigned") { lab in
            let topic = try lab.makeTopic(partitions: 2)
            let consumer = try lab.makeConsumer(group: "g", clientID: "one")
            defer { consumer.close() }
            try consumer.join(topic, lab)
            let found = try lab.admin.describeGroup("g")
            guard let group = found else { throw BrokenContract(description: "the group is not described") }
            try require(group.isStable, "the group is stable")
            let members = [GroupMember(memberID: consumer.memberID() ?? "", clientID: "one")]
            try requireEqual(group.members, members, "the members")
            try requireEqual(group.partitionCounts, [topic: 2], "the counts in the leader's view")
        }
    ]
}
