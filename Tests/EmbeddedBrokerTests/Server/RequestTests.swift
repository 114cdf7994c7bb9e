import ClusterCore
import NIOCore
import Testing

@testable import EmbeddedBroker

@Suite struct RequestTests {
    @Test("ApiVersions is answered in every version", arguments: API.apiVersions.versions)
    func apiVersions(version: Int16) async throws {
        try await withBroker { broker in
            let response = try RawClient(broker).call(ApiVersions.Request(), version: version)
            #expect(response.error == .none)
            #expect(response.apis.count == API.allCases.count)
        }
    }

    @Test("an ApiVersions request that is too new is answered in version 0, with an error")
    func tooNewApiVersions() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            try client.send(bytes: Array(bytes("0000000a001200630000000100000000").readableBytesView.prefix(14)))
            var frame = try client.receiveFrame()
            frame.moveReaderIndex(forwardBy: 4)
            let response = try ApiVersions.Response.decode(frame, version: 0)
            #expect(response.error == .unsupportedVersion)
            #expect(response.apis.map(\.apiKey) == [18])
            #expect(response.apis.map(\.maxVersion) == [3])
            // The connection can be used for another attempt.
            #expect(try client.call(ApiVersions.Request(), version: 3).error == .none)
        }
    }

    @Test("requests on one connection are answered in order, also if the first has to wait")
    func order() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            #expect(try client.createTopic("t") == .none)
            let first = try client.send(client.fetchRequest("t", maxWaitMs: 200), version: 12)
            let second = try client.send(Metadata.Request())
            _ = try client.receive(Fetch.Request.self, version: 12, correlationID: first)
            _ = try client.receive(Metadata.Request.self, correlationID: second)
        }
    }

    @Test("very many requests at once are all answered")
    func pipelining() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            let ids = try (0..<1_000).map { _ in try client.send(ApiVersions.Request()) }
            for id in ids { _ = try client.receive(ApiVersions.Request.self, correlationID: id) }
        }
    }

    @Test("records without acknowledgement get no answer")
    func noAcknowledgement() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            try client.send(client.produceRequest(["a"], to: "t", acks: 0))
            #expect(try client.fetch("t") == ["a"])
        }
    }

    @Test("refused records without acknowledgement close the connection, as there is no other way to report them")
    func refusedWithoutAcknowledgement() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            try client.send(client.produceRequest(["a"], to: "missing", acks: 0))
            #expect(client.isClosedByBroker())
        }
    }

    @Test("a missing topic is created on request, if the broker and the client allow it")
    func topicOnDemand() async throws {
        try await withBroker {
            $0.createsTopicsAutomatically = true
        } _: { broker in
            let client = try RawClient(broker)
            var request = Metadata.Request()
            request.topics = [Metadata.Request.Topic(name: "made")]
            request.allowAutoTopicCreation = false
            #expect(try client.call(request).topics.map(\.error) == [.unknownTopicOrPartition])
            request.allowAutoTopicCreation = true
            #expect(try client.call(request).topics.map(\.error) == [.none])
            #expect(try client.topicNames() == ["made"])
        }
    }

    @Test("configured topics exist from the start")
    func configuredTopics() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t", partitionCount: 3)]
        } _: { broker in
            let topics = try RawClient(broker).call(Metadata.Request()).topics
            #expect(topics.map(\.partitions.count) == [3])
        }
    }

    @Test("a stopped broker frees its port")
    func stopped() async throws {
        let broker = try await EmbeddedBroker.start()
        let client = try RawClient(broker)
        try await broker.stop()
        #expect(client.isClosedByBroker())
        #expect(throws: RawClient.Failure.cannotConnect) { try RawClient(port: broker.port) }
    }

    @Test("two brokers run side by side, but not on one port")
    func ports() async throws {
        try await withBroker { first in
            try await withBroker { second in #expect(first.port != second.port) }
            var configuration = EmbeddedBrokerConfiguration()
            configuration.port = first.port
            let failure = await #expect(throws: ListenFailure.self) { try await EmbeddedBroker.start(configuration) }
            #expect(failure?.description == "cannot listen at 127.0.0.1:\(first.port): Address already in use")
        }
    }
}
