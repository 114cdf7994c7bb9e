import KafkaClient
import Testing

extension BrokerTests {
    struct RebalanceTests {
        /// A consumer of a group that answers rebalances as told and records them.
        final class Member {
            let consumer: KafkaConsumer
            private(set) var owned: [TopicPartition] = []
            private(set) var events: [ConsumerEvent] = []
            private(set) var texts: [String] = []
            /// Whether it answers the next assignment with no partitions.
            var declines = false
            private var slots: [Int: TopicPartition] = [:]

            init(_ group: String, _ topic: String, _ extra: ClientSettings = [:]) throws {
                consumer = try TestBroker.consumer(group: group, extra)
                try consumer.subscribe([topic])
            }

            func step(timeoutMs: Int32 = 20) throws {
                let batch = try consumer.poll(maxMessages: 100, timeoutMs: timeoutMs)
                for message in batch.messages {
                    #expect(slots[message.slot] == TopicPartition(message.topic, message.partition))
                    texts.append(Received(message).text ?? "")
                }
                for event in batch.events {
                    events.append(event)
                    switch event {
                    case .assigned where declines:
                        try consumer.unassign()
                        declines = false
                    case .assigned(let partitions):
                        slots = [:]
                        let assigned = partitions.enumerated().map { index, partition in
                            slots[100 + index] = partition
                            return AssignedPartition(partition, slot: 100 + index, start: .beginning)
                        }
                        try consumer.assign(assigned)
                        owned = partitions.sorted()
                    case .revoked:
                        try consumer.unassign()
                        owned = []
                    case .error(let error, _):
                        Issue.record(error)
                    case .endOfPartition:
                        break
                    }
                }
            }
        }

        @Test("two consumers on one thread share the partitions, until the second leaves")
        func twoMembers() throws {
            let topic = try TestBroker.topic(partitions: 2)
            let group = TestBroker.uniqueName("group")
            let all = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
            let producer = try TestBroker.producer()
            for partition: Int32 in [0, 1] { try producer.send("p\(partition)", to: topic, partition: partition) }
            try producer.flush(timeoutMs: 10_000)

            let first = try Member(group, topic)
            try eventually("the first assignment and its records") {
                try first.step()
                return first.owned == all && first.texts.count == 2
            }
            #expect(first.events == [.assigned(all)])
            #expect(first.consumer.memberID != nil)

            let second = try Member(group, topic)
            try eventually("one partition each") {
                try first.step()
                try second.step()
                return first.owned.count == 1 && second.owned.count == 1
            }
            #expect((first.owned + second.owned).sorted() == all)
            #expect(first.events.contains(.revoked(all, lost: false)))
            #expect(!first.consumer.assignmentLost)

            try second.consumer.close()
            try eventually("both partitions with the first") {
                try first.step()
                return first.owned == all
            }
            try first.consumer.close()
        }

        @Test("a member that declined its assignment takes part in the next rebalance")
        func declinedAssignment() throws {
            let topic = try TestBroker.topic(partitions: 2)
            let group = TestBroker.uniqueName("group")
            let first = try Member(group, topic)
            first.declines = true
            try eventually("an assignment given back") {
                try first.step()
                return !first.declines
            }
            let second = try Member(group, topic)
            try eventually("one partition each") {
                try first.step()
                try second.step()
                return first.owned.count == 1 && second.owned.count == 1
            }
            try second.consumer.close()
            try first.consumer.close()
        }

        @Test("nothing arrives between an assignment and the call that answers it, and assign may come late")
        func lateAssign() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            try producer.send("v", to: topic)
            try producer.flush(timeoutMs: 10_000)
            let consumer = try TestBroker.consumer()
            try consumer.subscribe([topic])
            var assigned = false
            try eventually("the assignment") {
                let started = ContinuousClock.now
                // The long wait has to end as soon as the event arrives.
                let batch = try consumer.poll(maxMessages: 10, timeoutMs: 240_000)
                assigned = batch.events == [.assigned([TopicPartition(topic, 0)])]
                if assigned { #expect(ContinuousClock.now - started < .seconds(200)) }
                return assigned
            }
            for _ in 0..<10 { #expect(try consumer.poll(maxMessages: 10, timeoutMs: 20).messages.isEmpty) }
            try consumer.assign(topic)
            #expect(try consumer.receive(1).map(\.text) == ["v"])
            try consumer.close()
        }

        @Test("closing with a rebalance still unanswered does not hang")
        func closeUnanswered() throws {
            let topic = try TestBroker.topic()
            for answersFirst in [false, true] {
                let consumer = try TestBroker.consumer()
                try consumer.subscribe([topic])
                try eventually("the assignment") {
                    !(try consumer.poll(maxMessages: 10, timeoutMs: 50).events.isEmpty)
                }
                if answersFirst {
                    try consumer.assign(topic)
                    try consumer.unsubscribe()
                    try eventually("the revocation") {
                        !(try consumer.poll(maxMessages: 10, timeoutMs: 50).events.isEmpty)
                    }
                    let error = try #require(throws: KafkaError.self) { try consumer.assign(topic) }
                    #expect(error.code == .invalidState)
                }
                try consumer.close()
                #expect(throws: KafkaError.self) { try consumer.poll(maxMessages: 1, timeoutMs: 0) }
            }
        }

        @Test("a static member that comes back within its session gets its partitions without a rebalance of others")
        func staticMember() throws {
            let topic = try TestBroker.topic(partitions: 2)
            let group = TestBroker.uniqueName("group")
            let first = try Member(group, topic, ["group.instance.id": "one"])
            let second = try Member(group, topic, ["group.instance.id": "two"])
            try eventually("one partition each") {
                try first.step()
                try second.step()
                return first.owned.count == 1 && second.owned.count == 1
            }
            let before = second.owned
            let eventsOfFirst = first.events.count
            try second.consumer.close()
            let again = try Member(group, topic, ["group.instance.id": "two"])
            try eventually("the same partition again") {
                try first.step()
                try again.step()
                return again.owned == before
            }
            #expect(first.events.count == eventsOfFirst)
            try again.consumer.close()
            try first.consumer.close()
        }

        @Test("the group can be described, with members and assignments")
        func describe() throws {
            let topic = try TestBroker.topic()
            let group = TestBroker.uniqueName("group")
            let member = try Member(group, topic, ["group.instance.id": "one", "client.id": "worker-1@host:1234"])
            try eventually("the assignment") {
                try member.step()
                return !member.owned.isEmpty
            }
            let admin = try TestBroker.admin()
            let described = try #require(try admin.describeConsumerGroups([group], timeoutMs: 10_000)[group]).get()
            #expect(described.state == .stable)
            #expect(described.protocolName == "range")
            let found = try #require(described.members.first)
            #expect(described.members.count == 1)
            #expect(found.memberID == member.consumer.memberID)
            #expect(found.groupInstanceID == "one")
            #expect(found.clientID == "worker-1@host:1234")
            #expect(found.assignment == [TopicPartition(topic, 0)])
            try member.consumer.close()
        }
    }
}
