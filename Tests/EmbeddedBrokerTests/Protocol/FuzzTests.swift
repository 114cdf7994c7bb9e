import NIOCore
import Testing

@testable import EmbeddedBroker

/// Requests with bytes changed, cut, repeated and inserted. Reading them ends with a message or an error, never with a crash, and
/// uses no more memory than their bytes allow.
@Suite struct FuzzTests {
    @Test("mutated requests are read or refused", arguments: API.allCases)
    func mutated(api: API) throws {
        let type = try #require(allRequests.first { $0.api == api })
        var read = 0
        var refused = 0
        for version in api.versions {
            for seed in 0..<200 {
                let frame = try mutatedFrame(type, version: version, seed: UInt64(seed))
                do {
                    try decode(frame)
                    read += 1
                } catch is MalformedMessage {
                    refused += 1
                }
            }
        }
        #expect(read > 0)
        #expect(refused > 0)
    }

    private func decode(_ frame: ByteBuffer) throws {
        var body = frame
        let header = try RequestHeader(from: &body)
        guard let api = API(rawValue: header.apiKey), api.versions.contains(header.version),
            let type = allRequests.first(where: { $0.api == api })
        else { return }
        try decode(type, body, header.version)
    }

    private func decode<Request: WireRequest>(_: Request.Type, _ body: ByteBuffer, _ version: Int16) throws {
        _ = try Request.decode(body, version: version)
    }
}

/// A sample request without its size, damaged as a seed says.
func mutatedFrame<Request: WireRequest>(_: Request.Type, version: Int16, seed: UInt64) throws -> ByteBuffer {
    var sampler = WireSampler(version: version, seed: seed)
    let header = RequestHeader(Request.api, version: version, correlationID: 1, clientID: "fuzz")
    let frame = try sampler.sample(Request.self).frame(header)
    var bytes = Array(frame.readableBytesView.dropFirst(4))
    // The API's number and version stay, or most requests would be refused at once.
    let untouched = 4
    for _ in 0...sampler.next(below: 4) {
        guard bytes.count > untouched else { break }
        let place = untouched + sampler.next(below: bytes.count - untouched)
        switch sampler.next(below: 6) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: sampler.next())
        case 1: bytes[place] ^= 1 << UInt8(sampler.next(below: 8))
        case 2: bytes.removeLast(bytes.count - place)
        case 3: bytes.insert(contentsOf: bytes[place...].prefix(sampler.next(below: 30)), at: place)
        case 4: bytes.insert(contentsOf: sampler.bytes(), at: place)
        default: bytes.replaceSubrange(place..., with: [0xff, 0xff, 0xff, 0x7f] + bytes[place...].dropFirst(4))
        }
    }
    return ByteBuffer(bytes: bytes)
}
