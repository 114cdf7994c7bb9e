import ClusterCore
import Testing

@testable import EmbeddedBroker

@Suite struct FetchTests {
    @Test("a fetch waits for records and gets them as soon as they are written")
    func longPoll() async throws {
        try await withBroker { broker in
            let (consumer, producer) = try (RawClient(broker), RawClient(broker))
            _ = try producer.createTopic("t")
            let start = ContinuousClock.now
            try consumer.send(consumer.fetchRequest("t", maxWaitMs: 600_000), version: 12)
            try producer.produce(["a"], to: "t")
            #expect(try consumer.receive(Fetch.Request.self, version: 12).values() == ["a"])
            #expect(ContinuousClock.now - start < .seconds(300))
        }
    }

    @Test("a fetch waits for as many bytes as it wants")
    func minBytes() async throws {
        try await withBroker { broker in
            let (consumer, producer) = try (RawClient(broker), RawClient(broker))
            _ = try producer.createTopic("t")
            try consumer.send(consumer.fetchRequest("t", maxWaitMs: 600_000, minBytes: 150), version: 12)
            // A batch with one small record takes about 70 bytes.
            for value in ["a", "b", "c"] { try producer.produce([value], to: "t") }
            #expect(try consumer.receive(Fetch.Request.self, version: 12).values() == ["a", "b", "c"])
        }
    }

    @Test("a fetch that finds nothing ends after its maximum wait")
    func timeout() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            let start = ContinuousClock.now
            let response = try client.call(client.fetchRequest("t", maxWaitMs: 100), version: 12)
            #expect(try response.values().isEmpty)
            #expect(ContinuousClock.now - start >= .milliseconds(95))
        }
    }

    @Test("an error in one partition is returned at once")
    func error() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            let response = try client.call(client.fetchRequest("t", from: 7, maxWaitMs: 60_000), version: 12)
            #expect(response.topics.first?.partitions.first?.error == .offsetOutOfRange)
        }
    }

    @Test("sessions are not kept: a new one gets the number 0, and any other is unknown")
    func sessions() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            var request = client.fetchRequest("t")
            request.sessionEpoch = 0
            #expect(try client.call(request, version: 12).sessionID == 0)
            request.sessionID = 5
            request.sessionEpoch = 1
            #expect(try client.call(request, version: 12).error == .fetchSessionIDNotFound)
        }
    }

    @Test("topics are found by their ids, which a topic of the same name does not inherit")
    func topicIDs() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            try client.produce(["a"], to: "t")
            let topic = try #require(try client.call(Metadata.Request()).topics.first)
            var request = client.fetchRequest("t")
            request.topics[0].topicID = topic.topicID
            #expect(try client.call(request).values() == ["a"])

            var deletion = DeleteTopics.Request()
            deletion.topics = [DeleteTopics.Request.Topic(topicID: topic.topicID)]
            #expect(try client.call(deletion).topics.map(\.name) == ["t"])
            _ = try client.createTopic("t")
            let response = try client.call(request)
            #expect(response.topics.first?.partitions.first?.error == .unknownTopicID)
        }
    }

    @Test("the answer keeps to its size, except for a larger first batch")
    func maxBytes() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            for value in ["a", "b", "c"] { try client.produce([value], to: "t") }
            var request = client.fetchRequest("t")
            request.maxBytes = 10
            #expect(try client.call(request, version: 12).values() == ["a"])
            request.maxBytes = 150
            #expect(try client.call(request, version: 12).values() == ["a", "b"])
        }
    }
}
