import KafkaClient
import Testing

extension BrokerTests {
    struct RecordTests {
        @Test("null, empty and filled keys and values arrive as they were sent")
        func nulls() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            let texts: [String?] = [nil, "", "text"]
            for key in texts {
                for value in texts { try producer.send(value, key: key, to: topic) }
            }
            try producer.flush(timeoutMs: 10_000)
            let consumer = try TestBroker.consumer()
            try consumer.assign(topic, slot: 7)
            let received = try consumer.receive(9)
            let expected = texts.flatMap { key in texts.map { [key.map { Array($0.utf8) }, $0.map { Array($0.utf8) }] }
            }
            #expect(received.map { [$0.key, $0.value] } == expected)
            #expect(received.map(\.offset) == Array(0..<9))
            #expect(received.allSatisfy { $0.slot == 7 && $0.topic == topic && $0.partition == 0 })
            try consumer.close()
        }

        @Test("headers keep their order, with null and empty values distinct")
        func headers() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            let headers = [
                MessageHeader("trace", [1, 2, 0, 3]), MessageHeader("none", nil), MessageHeader("empty", []),
                MessageHeader("trace", [9]),
            ]
            try producer.send("a", to: topic, headers: headers)
            try producer.send("b", to: topic)
            try producer.flush(timeoutMs: 10_000)
            let consumer = try TestBroker.consumer()
            try consumer.assign(topic)
            let received = try consumer.receive(2)
            #expect(received.map(\.headers) == [headers, []])
            try consumer.close()
        }

        @Test("timestamps arrive as they were sent, and negative ones are refused")
        func timestamps() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            for time: Int64 in [1, 1_500_000_000_000, 0] { try producer.send("v", to: topic, timestampMs: time) }
            let error = try #require(throws: KafkaError.self) { try producer.send("v", to: topic, timestampMs: -1) }
            #expect(error.code == .invalidTimestamp)
            try producer.flush(timeoutMs: 10_000)
            let consumer = try TestBroker.consumer()
            try consumer.assign(topic)
            // librdkafka takes 0 for "now", so the nearest time it can send is 1.
            #expect(try consumer.receive(3).map(\.timestampMs) == [1, 1_500_000_000_000, 1])
            try consumer.close()
        }

        @Test("the highest acknowledged offset of each partition is known without a lookup")
        func deliveredOffsets() throws {
            let topic = try TestBroker.topic(partitions: 2)
            let producer = try TestBroker.producer()
            let handle = try producer.topic(named: topic)
            #expect(try producer.topic(named: topic) === handle)
            #expect(producer.deliveredOffset(handle, partition: 0) == nil)
            for _ in 0..<5 { try producer.send("v", to: topic, partition: 0) }
            try producer.send("v", to: topic, partition: 1)
            try producer.flush(timeoutMs: 10_000)
            #expect(producer.deliveredOffset(handle, partition: 0) == 4)
            #expect(producer.deliveredOffset(handle, partition: 1) == 0)
            #expect(producer.deliveredOffset(handle, partition: 2) == nil)
            #expect(producer.takeDeliveryFailure() == nil)
        }

        @Test("acknowledgements are noted without a poll")
        func acknowledgementsDoNotWait() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            let handle = try producer.topic(named: topic)
            try producer.send("v", to: topic, partition: 0)
            try eventually("the acknowledgement") { producer.deliveredOffset(handle, partition: 0) == 0 }
        }

        @Test("a producer can be released with records on their way")
        func letGo() throws {
            let topic = try TestBroker.topic()
            for _ in 0..<20 {
                let producer = try TestBroker.producer()
                for _ in 0..<50 { try producer.send("v", to: topic, partition: 0) }
            }
        }

        @Test("producing to a partition that does not exist fails with its name")
        func unknownPartition() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            try producer.send("v", to: topic, partition: 0)
            try producer.flush(timeoutMs: 10_000)
            let error = try #require(throws: KafkaError.self) { try producer.send("v", to: topic, partition: 9) }
            #expect(error.code == .unknownPartition)
            #expect(error.context.contains("\(topic)-9"))
        }

        @Test("a batch outlives its consumer")
        func batchOutlivesConsumer() throws {
            let topic = try TestBroker.topic()
            let producer = try TestBroker.producer()
            try producer.send("kept", to: topic)
            try producer.flush(timeoutMs: 10_000)
            let messages = try pollOnce(topic)
            #expect(messages.map { Received($0).text } == ["kept"])
            #expect(messages.first?.topic == topic)
        }

        private func pollOnce(_ topic: String) throws -> ConsumedMessages {
            let consumer = try TestBroker.consumer()
            try consumer.assign(topic)
            var messages: ConsumedMessages?
            try eventually("a record") {
                let batch = try consumer.poll(maxMessages: 10, timeoutMs: 50)
                if !batch.messages.isEmpty { messages = batch.messages }
                return messages != nil
            }
            try consumer.close()
            return try #require(messages)
        }
    }
}
