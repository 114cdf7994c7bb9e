import Millrace
import MillraceEngine

extension MembershipPort where Self: ReaderPort {
    /// Joins the group and reads nothing.
    func join(_ topic: String, _ lab: any PortLab) throws {
        try subscribe(to: [topic])
        try lab.eventually("the assignment") {
            _ = try poll(maxRecords: 1, timeoutMs: 50)
            return takeMembershipEvents().contains { if case .assigned = $0 { true } else { false } }
        }
        try assign([PartitionAssignment(partition: TopicPartition(topic: topic, partition: 0), slot: 0, offset: 0)])
    }

    /// Polls once and answers the group's events. Returns whether there was a new generation.
    func follow(_ topic: String) throws -> Bool {
        _ = try poll(maxRecords: 1, timeoutMs: 20)
        var isAssigned = false
        for event in takeMembershipEvents() {
            switch event {
            case .assigned:
                isAssigned = true
                try assign([
                    PartitionAssignment(partition: TopicPartition(topic: topic, partition: 0), slot: 0, offset: 0)
                ])
            case .revoked, .lost:
                isAssigned = false
                try assign([])
            }
        }
        return isAssigned
    }
}

/// The behaviour of every ``MembershipPort``.
package enum MembershipContract {
    package static let behaviours: [PortBehaviour] = [
        PortBehaviour("who subscribes is told an assignment, and has an id and a place from then on") { lab in
            let topic = try lab.makeTopic()
            let consumer = try lab.makeConsumer(group: "g", clientID: "one")
            defer { consumer.close() }
            try requireEqual(consumer.memberID(), nil, "the id before joining")
            let error = try requireError("a place before joining") { _ = try consumer.groupMetadata() }
            try requireEqual(error.kind, .staleGeneration, "the kind of error")
            try consumer.join(topic, lab)
            try require(consumer.memberID() != nil, "a member has an id")
            try requireEqual(try consumer.groupMetadata(), try consumer.groupMetadata(), "the place")
            try require(consumer.takeMembershipEvents().isEmpty, "events are told once")
        },
        PortBehaviour("who comes and who leaves makes a new generation, with another place in it") { lab in
            let topic = try lab.makeTopic()
            let first = try lab.makeConsumer(group: "g", clientID: "one")
            defer { first.close() }
            try first.join(topic, lab)
            let place = try first.groupMetadata()
            let second = try lab.makeConsumer(group: "g", clientID: "two")
            try second.subscribe(to: [topic])
            var (isFirstIn, isSecondIn) = (false, false)
            try lab.eventually("a generation of two") {
                if try first.follow(topic) { isFirstIn = true }
                if try second.follow(topic) { isSecondIn = true }
                return isFirstIn && isSecondIn
            }
            let next = try first.groupMetadata()
            try require(next != place, "another generation is another place")
            try require(try second.groupMetadata() != next, "another member has another place")
            second.close()
            try lab.eventually("a generation of one") { try first.follow(topic) }
            try require(try first.groupMetadata() != next, "another generation is another place")
        },
        PortBehaviour("who subscribes to nothing leaves the group and has no place in it") { lab in
            let topic = try lab.makeTopic()
            let consumer = try lab.makeConsumer(group: "g", clientID: "one")
            defer { consumer.close() }
            try consumer.join(topic, lab)
            try consumer.subscribe(to: [])
            let error = try requireError("a place after leaving") { _ = try consumer.groupMetadata() }
            try requireEqual(error.kind, .staleGeneration, "the kind of error")
            try lab.eventually("the end of the membership") {
                _ = try consumer.follow(topic)
                return try lab.admin.describeGroup("g")?.members.isEmpty ?? true
            }
        },
    ]
}

/// The behaviour of every ``OffsetsPort``.
package enum OffsetsContract {
    package static let behaviours: [PortBehaviour] = [
        PortBehaviour("committed offsets come back with their metadata; partitions without are left out") { lab in
            let topic = try lab.makeTopic(partitions: 3)
            let partitions = (0..<3).map { TopicPartition(topic: topic, partition: $0) }
            let consumer = try lab.makeConsumer(group: "g", clientID: "one")
            defer { consumer.close() }
            try requireEqual(try consumer.committed(partitions, withinMs: nil), [:], "before any commit")
            let offsets = [
                partitions[0]: CommittedOffset(offset: 3, metadata: "times=17 ✓"),
                partitions[2]: CommittedOffset(offset: 0, metadata: ""),
            ]
            try lab.retrying("the commit") { try consumer.commit(offsets) }
            try requireEqual(try consumer.committed(partitions, withinMs: nil), offsets, "what is committed")
            let last = [partitions[0]: CommittedOffset(offset: 5, metadata: "")]
            try lab.retrying("the commit") { try consumer.commit(last) }
            try requireEqual(
                try consumer.committed(partitions, withinMs: 5_000), offsets.merging(last) { $1 }, "the last commit")
            try requireEqual(try consumer.committed([partitions[2]], withinMs: nil).count, 1, "what was asked for")
        }
    ]

    /// The behaviours with members of a group.
    package static let memberBehaviours: [PortBehaviour] = [
        PortBehaviour("a member commits; who is none while the group has members is refused") { lab in
            let topic = try lab.makeTopic()
            let offsets = [TopicPartition(topic: topic, partition: 0): CommittedOffset(offset: 1, metadata: "m")]
            let member = try lab.makeConsumer(group: "g", clientID: "one")
            defer { member.close() }
            try member.join(topic, lab)
            try lab.retrying("the commit") { try member.commit(offsets) }
            let stranger = try lab.makeConsumer(group: "g", clientID: "two")
            defer { stranger.close() }
            let error = try requireError("a stranger's commit") {
                try lab.retrying("the commit") {
                    try stranger.commit(offsets.mapValues { _ in CommittedOffset(offset: 9, metadata: "") })
                }
            }
            try requireEqual(error.kind, .staleGeneration, "the kind of \(error)")
            try requireEqual(try member.committed(Array(offsets.keys), withinMs: nil), offsets, "what is committed")
        }
    ]
}
