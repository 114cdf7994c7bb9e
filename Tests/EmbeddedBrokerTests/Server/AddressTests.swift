import ClusterCore
import Testing

@testable import EmbeddedBroker

@Suite struct AddressTests {
    @Test(
        "clients are told the address that they connected to, not that of a socket for all addresses",
        arguments: ["127.0.0.1", "0.0.0.0", "::"])
    func cameIn(host: String) async throws {
        try await withBroker {
            $0.host = host
        } _: { broker in
            let client = try RawClient(broker)
            let told = try addresses(client)
            #expect(told == Array(repeating: "127.0.0.1:\(broker.port)", count: 3))
        }
    }

    @Test("clients are told the advertised address everywhere")
    func advertised() async throws {
        try await withBroker {
            $0.advertisedAddress = BrokerAddress("[fd00::1]:19092")
        } _: { broker in
            let told = try addresses(try RawClient(broker))
            #expect(told == Array(repeating: "[fd00::1]:19092", count: 3))
        }
    }

    private func addresses(_ client: RawClient) throws -> [String] {
        let metadata = try client.call(Metadata.Request()).brokers.map { ($0.host, $0.port) }
        let cluster = try client.call(DescribeCluster.Request()).brokers.map { ($0.host, $0.port) }
        var request = FindCoordinator.Request()
        request.keys = ["g"]
        let coordinators = try client.call(request).coordinators.map { ($0.host, $0.port) }
        return (metadata + cluster + coordinators).map {
            BrokerAddress(host: $0.0, port: Int($0.1)).description
        }
    }

    @Test(
        "an address to advertise is a host and a port",
        arguments: [
            ("broker.example:9092", "broker.example"), ("10.0.0.1:1", "10.0.0.1"), ("[::1]:65535", "::1"),
            ("host:0", nil), ("host:65536", nil), ("host:-1", nil), ("host", nil), (":9092", nil), ("", nil),
            ("::1:9092", nil), ("[host]:9092", nil), ("[]:9092", nil), ("[::1]", nil), ("0.0.0.0:9092", nil),
            ("[::]:9092", nil), ("a b:9092", nil), ("http://host:9092", nil),
        ] as [(String, String?)])
    func parsing(text: String, host: String?) {
        let address = BrokerAddress(text)
        #expect(address?.host == host)
        if let address { #expect(address.description == text) }
    }

    @Test("an attempt to authenticate is refused, because there is no authentication", arguments: [0, 1] as [Int16])
    func sasl(version: Int16) async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            var request = SaslHandshake.Request()
            request.mechanism = "PLAIN"
            let response = try client.call(request, version: version)
            #expect(response.error == .illegalSASLState && response.error.rawValue == 34)
            #expect(response.mechanisms.isEmpty)
            #expect(try client.call(ApiVersions.Request()).error == .none)
        }
    }

    @Test("the topic's id decides, whatever its name says", arguments: [nil, "", "other"] as [String?])
    func topicByID(name: String?) async throws {
        try await withBroker {
            $0.topics = [NewTopic("t", partitionCount: 2)]
        } _: { broker in
            let client = try RawClient(broker)
            let id = try #require(try client.call(Metadata.Request()).topics.first?.topicID)
            var request = Metadata.Request()
            request.topics = [.init(topicID: id, name: name)]
            let found = try client.call(request).topics
            #expect(found.map(\.name) == ["t"] && found.map(\.partitions.count) == [2])
            request.topics = [.init(topicID: TopicID(high: 1, low: 2), name: name)]
            #expect(try client.call(request).topics.map(\.error) == [.unknownTopicID])
            var deletion = DeleteTopics.Request()
            deletion.topics = [.init(name: name, topicID: id)]
            let deleted = try client.call(deletion).topics.map(\.error)
            #expect(deleted == [name == "other" ? .invalidRequest : .none])
        }
    }

    @Test("records in formats before v2 get UNSUPPORTED_VERSION", arguments: [0, 1, 2] as [Int16])
    func oldProduce(version: Int16) async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            let client = try RawClient(broker)
            let answer = try client.call(client.produceRequest(["a"], to: "t"), version: version)
            #expect(answer.topics.first?.partitions.map(\.error) == [.unsupportedVersion])
            #expect(try client.fetch("t").isEmpty)
        }
    }

    @Test(
        "Kafka's internal topics are never created as ordinary ones",
        arguments: ["__consumer_offsets", "__transaction_state"])
    func internalTopics(name: String) async throws {
        try await withBroker {
            $0.createsTopicsAutomatically = true
        } _: { broker in
            let client = try RawClient(broker)
            #expect(try client.createTopic(name) == .invalidTopicException)
            var request = Metadata.Request()
            request.topics = [.init(name: name)]
            #expect(try client.call(request).topics.map(\.error) == [.unknownTopicOrPartition])
            #expect(try client.topicNames().isEmpty)
        }
    }
}
