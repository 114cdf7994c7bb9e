import ClusterCore
import NIOCore
import Testing

@testable import EmbeddedBroker

@Suite struct HostileClientTests {
    @Test(
        "what is no request closes the connection, and the broker goes on",
        arguments: [
            "7fffffff", "ffffffff", "00000000", "0000000200000000", "00000004ffff0000",
            // An unknown API; a version of Metadata that does not exist.
            "0000000a03e7000000000001ffff", "0000000a0003006400000001ffff",
            // A heartbeat that is cut short.
            "0000000c000c000000000001ffff7fff",
        ])
    func noRequest(hexadecimal: String) async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            try client.send(bytes: Array(bytes(hexadecimal).readableBytesView))
            #expect(client.isClosedByBroker())
            #expect(try RawClient(broker).call(ApiVersions.Request()).error == .none)
        }
    }

    @Test("a request that is larger than allowed closes the connection before it is read")
    func tooLarge() async throws {
        try await withBroker {
            $0.maxRequestSizeInBytes = 1_000
        } _: { broker in
            let client = try RawClient(broker)
            var size = ByteBuffer()
            size.writeInteger(Int32(1_001))
            try client.send(bytes: Array(size.readableBytesView))
            #expect(client.isClosedByBroker())
        }
    }

    @Test("a client that goes away while its request waits leaves nothing behind")
    func gone() async throws {
        try await withBroker { broker in
            let observer = try RawClient(broker)
            _ = try observer.createTopic("t")
            do {
                let client = try RawClient(broker)
                try client.send(client.fetchRequest("t", maxWaitMs: 60_000), version: 12)
            }
            let deadline = ContinuousClock.now + .seconds(10)
            while try await broker.connectionCount() > 1, ContinuousClock.now < deadline {}
            #expect(try await broker.connectionCount() == 1)
            try observer.produce(["a"], to: "t")
        }
    }

    @Test("the broker outlives mutated requests of every kind", arguments: 0..<4)
    func fuzz(round: Int) async throws {
        try await withBroker {
            $0.topics = [NewTopic("a", partitionCount: 2)]
        } _: { broker in
            var client = try RawClient(broker)
            for type in allRequests {
                for seed in 0..<20 {
                    let frame = try mutatedFrame(
                        type, version: type.api.versions.upperBound, seed: UInt64(round * 1_000 + seed))
                    var framed = ByteBuffer()
                    framed.writeInteger(Int32(frame.readableBytes))
                    framed.writeImmutableBuffer(frame)
                    do {
                        try client.send(bytes: Array(framed.readableBytesView))
                    } catch RawClient.Failure.closed {
                        client = try RawClient(broker)
                    }
                }
                // Answers that were not read, and requests that wait, go with the connection.
                client = try RawClient(broker)
                #expect(try client.call(ApiVersions.Request()).error == .none)
            }
        }
    }
}
