import NIOCore
import Testing

@testable import EmbeddedBroker

@Suite struct MalformedMessageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var api: API
        var version: Int16
        var body: String
        var complaint: String
        var testDescription: String { name }
    }

    @Test(
        "a message that claims more than its bytes hold is refused",
        arguments: [
            Case(name: "nothing at all", api: .heartbeat, version: 0, body: "", complaint: "an integer reaches"),
            Case(
                name: "a string longer than the message", api: .heartbeat, version: 0, body: "7fff61",
                complaint: "a string reaches"),
            Case(
                name: "a string of negative length", api: .heartbeat, version: 0, body: "fffe61",
                complaint: "a string has the length -2"),
            Case(
                name: "a null string where none may be", api: .heartbeat, version: 0, body: "ffff",
                complaint: "null where"),
            Case(
                name: "an array of two thousand million", api: .describeGroups, version: 0, body: "7fffffff0000",
                complaint: "an array reaches"),
            Case(
                name: "an array of negative count", api: .describeGroups, version: 0, body: "80000000",
                complaint: "an array has the length"),
            Case(
                name: "a compact array that is too long", api: .deleteGroups, version: 2, body: "ffffffff0f",
                complaint: "an array reaches"),
            Case(
                name: "a varint of six bytes", api: .deleteGroups, version: 2, body: "ffffffffff01",
                complaint: "a varint is too large"),
            Case(
                name: "a varint that does not end", api: .deleteGroups, version: 2, body: "80",
                complaint: "an integer reaches"),
            Case(
                name: "more tagged fields than bytes", api: .deleteGroups, version: 2, body: "01ffff03",
                complaint: "a list of tagged fields reaches"),
            Case(
                name: "a tagged field longer than the message", api: .deleteGroups, version: 2, body: "010100ff01",
                complaint: "a tagged field reaches"),
        ])
    func refused(_ example: Case) throws {
        let type = try #require(allRequests.first { $0.api == example.api })
        let error = #expect(throws: MalformedMessage.self) { try decode(type, bytes(example.body), example.version) }
        #expect(error?.description.hasPrefix(example.complaint) ?? false, "\(String(describing: error))")
    }

    @Test("unknown tagged fields are skipped")
    func taggedFields() throws {
        // Group "g", then two tagged fields: 0 with no byte, 5 with two.
        let request = try DeleteGroups.Request.decode(bytes("02026702" + "0000" + "0502abcd"), version: 2)
        #expect(request.groupIDs == ["g"])
    }

    @Test("a message with very many elements is refused before they are read")
    func manyElements() throws {
        var buffer = ByteBuffer()
        buffer.writeInteger(Int32(2_000_000))
        buffer.writeRepeatingByte(0, count: 4_000_000)
        #expect(throws: MalformedMessage("more than 1000000 array elements")) {
            try DescribeGroups.Request.decode(buffer, version: 0)
        }
    }

    private func decode<Request: WireRequest>(_: Request.Type, _ body: ByteBuffer, _ version: Int16) throws {
        _ = try Request.decode(body, version: version)
    }
}
