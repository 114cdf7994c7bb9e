import Foundation
import NIOCore
import Testing

@testable import EmbeddedBroker

@Suite struct RoundTripTests {
    @Test("every request reads back as it was written, in every version", arguments: API.allCases)
    func requests(api: API) throws {
        let type = try #require(allRequests.first { $0.api == api })
        for version in api.versions {
            for seed in 0..<20 { try roundTrip(type, version: version, seed: UInt64(seed)) }
        }
    }

    @Test("every response reads back as it was written, in every version", arguments: API.allCases)
    func responses(api: API) throws {
        let type = try #require(allRequests.first { $0.api == api })
        for version in api.versions {
            for seed in 0..<20 { try roundTripResponse(of: type, version: version, seed: UInt64(seed)) }
        }
    }

    private func roundTrip<Request: WireRequest>(_: Request.Type, version: Int16, seed: UInt64) throws {
        var sampler = WireSampler(version: version, seed: seed)
        let request = try sampler.sample(Request.self)
        let api = Request.api
        let header = RequestHeader(api, version: version, correlationID: 7, clientID: "c")
        var frame = try request.frame(header)
        let size = frame.readInteger(as: Int32.self)
        #expect(size == Int32(frame.readableBytes))
        #expect(try RequestHeader(from: &frame) == header)
        var reader = WireReader(frame, version: version, isFlexible: api.isFlexible(version))
        let read = try Request.read(from: &reader)
        try reader.expectEnd()
        #expect("\(read)" == "\(request)", "version \(version), seed \(seed)")
    }

    private func roundTripResponse<Request: WireRequest>(
        of _: Request.Type, version: Int16, seed: UInt64
    ) throws {
        var sampler = WireSampler(version: version, seed: seed)
        let response = try sampler.sample(Request.Response.self)
        var frame = try response.frame(correlationID: 7, version: version)
        let size = frame.readInteger(as: Int32.self)
        #expect(size == Int32(frame.readableBytes))
        #expect(frame.readInteger(as: Int32.self) == 7)
        if Request.api.responseHeaderIsFlexible(version) { #expect(frame.readInteger(as: UInt8.self) == 0) }
        let read = try Request.Response.decode(frame, version: version)
        #expect("\(read)" == "\(response)", "version \(version), seed \(seed)")
    }
}
