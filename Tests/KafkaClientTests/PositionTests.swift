import KafkaClient
import Testing

extension BrokerTests {
    struct PositionTests {
        private func filledTopic(partitions: Int32 = 1, records: Int = 20) throws -> String {
            let topic = try TestBroker.topic(partitions: partitions)
            let producer = try TestBroker.producer()
            for partition in 0..<partitions {
                for index in 0..<records {
                    try producer.send(
                        "\(index)", to: topic, partition: partition, timestampMs: Int64(1_000 + index * 10))
                }
            }
            try producer.flush(timeoutMs: 10_000)
            return topic
        }

        @Test("reading starts at the given offset, and seek moves it")
        func startAndSeek() throws {
            let topic = try filledTopic()
            let partition = TopicPartition(topic, 0)
            let consumer = try TestBroker.consumer()
            try consumer.assign(topic, from: .absolute(17))
            #expect(try consumer.receive(3).map(\.offset) == [17, 18, 19])
            #expect(try consumer.position([partition]) == [partition: 20])
            try consumer.seek(partition, to: .absolute(18), timeoutMs: 10_000)
            #expect(try consumer.receive(2).map(\.offset) == [18, 19])
            try consumer.seek(partition, to: .beginning, timeoutMs: 10_000)
            #expect(try consumer.receive(20).first?.offset == 0)
            #expect(consumer.cachedWatermarks(partition)?.high == 20)
            try consumer.close()
        }

        @Test("pausing between small polls neither loses nor repeats a record")
        func pauseAndResume() throws {
            let topic = try filledTopic(partitions: 2)
            let partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
            let consumer = try TestBroker.consumer()
            try consumer.assign(
                partitions.enumerated().map { AssignedPartition($1, slot: $0, start: .beginning) })
            var offsets: [[Int64]] = [[], []]
            try eventually("all records of the partition that is not paused") {
                for message in try consumer.poll(maxMessages: 3, timeoutMs: 50).messages {
                    offsets[message.slot].append(message.offset)
                }
                if offsets[0].count == 0 { return false }
                try consumer.pause([partitions[0]])
                return offsets[1].count == 20
            }
            let paused = offsets[0].count
            for _ in 0..<5 { #expect(try consumer.poll(maxMessages: 10, timeoutMs: 20).messages.isEmpty) }
            try consumer.resume([partitions[0]])
            let rest = paused == 20 ? [] : try consumer.receive(20 - paused)
            #expect(offsets[0] + rest.map(\.offset) == Array(0..<20))
            #expect(offsets[1] == Array(0..<20))
            try consumer.close()
        }

        @Test("partitions can be assigned again and again without waiting, and closed at any moment")
        func hastyAssignments() throws {
            let topic = try filledTopic(partitions: 4)
            let all = (0..<4).map { AssignedPartition(TopicPartition(topic, Int32($0)), slot: $0, start: .beginning) }
            for round in 0..<10 {
                let consumer = try TestBroker.consumer()
                try consumer.assign(all)
                _ = try consumer.receive(1)
                for turn in 0..<20 {
                    if turn % 3 == 2 { try consumer.unassign() }
                    try consumer.assign(all.filter { ($0.slot + turn + round) % 4 != 0 })
                    if turn % 5 == 4 { _ = try consumer.poll(maxMessages: 5, timeoutMs: 10) }
                }
                try consumer.assign(all)
                #expect(try consumer.receive(80).count >= 80)
                try consumer.assign(all)
                if round % 2 == 0 { try consumer.assign(all) }
                try consumer.close()
            }
        }

        @Test("no record of an unassigned partition arrives")
        func unassign() throws {
            let topic = try filledTopic(partitions: 2)
            let consumer = try TestBroker.consumer()
            try consumer.assign(topic, partition: 0, slot: 1)
            var seen = try consumer.poll(maxMessages: 1, timeoutMs: 2_000).messages.count
            try eventually("a first record") {
                seen += try consumer.poll(maxMessages: 1, timeoutMs: 50).messages.count
                return seen > 0
            }
            try consumer.unassign()
            for _ in 0..<5 { #expect(try consumer.poll(maxMessages: 10, timeoutMs: 20).messages.isEmpty) }
            try consumer.assign(topic, partition: 1, slot: 2)
            #expect(try consumer.receive(20).allSatisfy { $0.slot == 2 && $0.partition == 1 })
            try consumer.close()
        }

        @Test("commits carry metadata, and reading continues from a committed offset")
        func commit() throws {
            let topic = try filledTopic()
            let partition = TopicPartition(topic, 0)
            let group = TestBroker.uniqueName("group")
            let consumer = try TestBroker.consumer(group: group)
            try consumer.commit([partition: CommittedOffset(15, metadata: "seen")])
            #expect(
                try consumer.committed([partition], timeoutMs: 10_000) == [
                    partition: CommittedOffset(15, metadata: "seen")
                ])
            try consumer.assign(topic, from: .stored)
            #expect(try consumer.receive(5).map(\.offset) == [15, 16, 17, 18, 19])
            try consumer.commit([partition: CommittedOffset(20)])
            #expect(try consumer.committed([partition], timeoutMs: 10_000) == [partition: CommittedOffset(20)])
            try consumer.close()
        }

        @Test("offsets are found by time, and there is none after the last record")
        func times() throws {
            let topic = try filledTopic()
            let partition = TopicPartition(topic, 0)
            let consumer = try TestBroker.consumer()
            #expect(try consumer.offsetsForTimes([partition: 1_045], timeoutMs: 10_000) == [partition: 5])
            #expect(try consumer.offsetsForTimes([partition: 9_999_999], timeoutMs: 10_000) == [:])
            try consumer.close()
        }

        @Test("the end of a partition is reported with its slot on request")
        func endOfPartition() throws {
            let topic = try filledTopic(records: 3)
            let consumer = try TestBroker.consumer(["enable.partition.eof": "true"])
            try consumer.assign(topic, slot: 5)
            var events: [ConsumerEvent] = []
            try eventually("the end") {
                events += try consumer.poll(maxMessages: 10, timeoutMs: 50).events
                return !events.isEmpty
            }
            #expect(events.first == .endOfPartition(slot: 5, offset: 3))
            try consumer.close()
        }
    }
}
