import ClusterCore
import Foundation
import NIOCore
import Testing

@testable import EmbeddedBroker

/// The bytes on the wire do not change.
@Suite struct GoldenTests {
    /// The checksum of a sample of every message in every version. The samples were once read in full by a reader made
    /// from Apache Kafka's own message definitions; with MILLRACE_WIRE_DUMP set to a file, they are written there, to be
    /// read again.
    @Test("every message in every version is written as Kafka defines it")
    func samples() throws {
        var lines: [String] = []
        var dump: [String] = []
        for type in allRequests {
            for version in type.api.versions {
                let frames = try (request(type, version), response(type, version))
                for (kind, frame) in [("request", frames.0), ("response", frames.1)] {
                    let bytes = Array(frame.readableBytesView)
                    lines.append("\(type.api) \(version) \(kind) \(CRC32C.checksum(bytes))")
                    dump.append("\(type.api.rawValue) \(version) \(kind) \(hex(bytes))")
                }
            }
        }
        if let path = ProcessInfo.processInfo.environment["MILLRACE_WIRE_DUMP"] {
            try dump.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        let url = try #require(Bundle.module.url(forResource: "golden-checksums", withExtension: "txt"))
        let expected = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        let changed = Set(lines).symmetricDifference(expected).sorted()
        #expect(changed.isEmpty, "\(changed)")
    }

    @Test("ApiVersions is read as librdkafka 2.16 sends it")
    func apiVersions() throws {
        var frame = bytes(
            "0012000300000001000772646b61666b610017636f6e666c75656e742d6b61666b612d707974686f6e"
                + "16322e31362e312d72646b61666b612d322e31362e3000")
        let header = try RequestHeader(from: &frame)
        #expect(header == RequestHeader(.apiVersions, version: 3, correlationID: 1, clientID: "rdkafka"))
        let request = try ApiVersions.Request.decode(frame, version: 3)
        #expect(request.clientSoftwareName == "confluent-kafka-python")
        #expect(request.clientSoftwareVersion == "2.16.1-rdkafka-2.16.0")
    }

    @Test("librdkafka 2.16's request for all topics is read, with three more bytes at its end")
    func metadata() throws {
        var frame = bytes("0003000c00000003000772646b61666b610000000000010000")
        _ = try RequestHeader(from: &frame)
        let request = try Metadata.Request.decode(frame, version: 12)
        #expect(request.topics == nil)
        #expect(!request.allowAutoTopicCreation)
    }

    @Test("an answer to ApiVersions has the old header in every version")
    func apiVersionsAnswer() throws {
        var response = ApiVersions.Response()
        response.apis = [ApiVersions.Response.Range(.heartbeat)]
        let old = try response.frame(correlationID: 5, version: 0)
        #expect(hex(Array(old.readableBytesView)) == "0000001000000005000000000001000c00000004")
        let flexible = try response.frame(correlationID: 5, version: 3)
        #expect(hex(Array(flexible.readableBytesView)) == "0000001300000005000002000c00000004000000000000")
    }

    private func request<Request: WireRequest>(_: Request.Type, _ version: Int16) throws -> ByteBuffer {
        var sampler = WireSampler(version: version, seed: 20)
        let header = RequestHeader(Request.api, version: version, correlationID: 7, clientID: "golden")
        return try sampler.sample(Request.self).frame(header)
    }

    private func response<Request: WireRequest>(_: Request.Type, _ version: Int16) throws -> ByteBuffer {
        var sampler = WireSampler(version: version, seed: 21)
        return try sampler.sample(Request.Response.self).frame(correlationID: 7, version: version)
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func bytes(_ hex: String) -> ByteBuffer {
    var rest = hex[...]
    var bytes: [UInt8] = []
    while !rest.isEmpty {
        bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return ByteBuffer(bytes: bytes)
}
