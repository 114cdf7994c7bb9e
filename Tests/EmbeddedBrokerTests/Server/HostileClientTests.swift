import ClusterCore
import Foundation
import NIOCore
import Testing

@testable import EmbeddedBroker

@Suite struct HostileClientTests {
    @Test(
        "bytes that are no request close the connection, and the broker keeps running",
        arguments: [
            "7fffffff", "ffffffff", "00000000", "0000000200000000", "00000004ffff0000",
            // An unknown API, and a version of Metadata that does not exist.
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

    @Test("a request that is too large closes the connection before it is read")
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

    @Test("a client that disconnects while its request waits leaves nothing behind")
    func gone() async throws {
        try await withBroker { broker in
            let observer = try RawClient(broker)
            _ = try observer.createTopic("t")
            do {
                let client = try RawClient(broker)
                try client.send(client.fetchRequest("t", maxWaitMs: 60_000), version: 12)
            }
            let deadline = ContinuousClock.now + .seconds(300)
            while try await broker.connectionCount() > 1, ContinuousClock.now < deadline {}
            #expect(try await broker.connectionCount() == 1)
            try observer.produce(["a"], to: "t")
        }
    }

    @Test("the broker survives mutated requests of every kind and version", arguments: [0, 1] as [UInt64])
    func mutated(round: UInt64) async throws {
        try await outlives { type, version in
            try (0..<10).map { (seed: UInt64) in
                let frame = try mutatedFrame(type, version: version, seed: round * 1_000 + seed)
                var framed = ByteBuffer()
                framed.writeInteger(Int32(frame.readableBytes))
                framed.writeImmutableBuffer(frame)
                return framed
            }
        }
    }

    @Test(
        "the broker survives requests of every kind and version with the largest and smallest numbers",
        arguments: [0, 1] as [UInt64])
    func extreme(round: UInt64) async throws {
        try await outlives { type, version in
            try (0..<10).map { (seed: UInt64) in
                var sampler = HostileSampler(version: version, seed: round * 1_000 + seed)
                return try sampler.frame(type)
            }
        }
    }

    /// Sends the frames of every kind and version. The broker keeps answering a client that was connected before, and the process
    /// does not grow without bound.
    private func outlives(
        _ frames: (any (WireRequest & Sendable).Type, Int16) throws -> [ByteBuffer]
    ) async throws {
        try await withBroker {
            $0.topics = [NewTopic("a", partitionCount: 2), NewTopic("b", configs: ["cleanup.policy": "compact"])]
            $0.createsTopicsAutomatically = true
            $0.cluster.logCleanerBackoffMs = 20
            $0.cluster.logCleanupIntervalMs = 20
            $0.cluster.maxPartitions = 20_000
        } _: { broker in
            let healthy = try RawClient(broker)
            #expect(try healthy.call(ApiVersions.Request()).error == .none)
            let before = residentBytes()
            for type in allRequests {
                for version in type.api.versions {
                    var client = try RawClient(broker)
                    for frame in try frames(type, version) {
                        do {
                            try client.send(bytes: Array(frame.readableBytesView))
                        } catch RawClient.Failure.closed {
                            client = try RawClient(broker)
                        }
                    }
                    // Unread answers and waiting requests are removed with the connection.
                }
                #expect(try healthy.call(ApiVersions.Request()).error == .none, "\(type.api)")
            }
            #expect(try healthy.call(DescribeCluster.Request()).error == .none)
            #expect(residentBytes() - before < 512 << 20)
        }
    }

    /// The process's memory; 0 if it is unknown.
    private func residentBytes() -> Int {
        guard let line = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
