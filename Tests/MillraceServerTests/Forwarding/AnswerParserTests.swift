import NIOCore
import Testing

@testable import MillraceServer

@Suite("Answers on a connection that reads share")
struct AnswerParserTests {
    private static let good =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMillrace-Position: t-0@3\r\nContent-Length: 2\r\n\r\n{}"

    /// Parses a text that arrives in pieces of a size.
    private static func parse(_ text: String, by size: Int = .max) throws -> [AnswerParser.Answer] {
        var (parser, rest) = (AnswerParser(), ByteBuffer(string: text))
        var answers: [AnswerParser.Answer] = []
        while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
            parser.append(piece)
            while let answer = try parser.next() { answers.append(answer) }
        }
        return answers
    }

    @Test("answers are taken apart wherever they are cut", arguments: [1, 2, 3, 7, 64, 100_000])
    func pieces(_ size: Int) throws {
        let missing = "HTTP/1.1 404 Not Found\r\ncontent-length:5 \r\nCONNECTION: close\r\n\r\n12345"
        let found = try Self.parse(Self.good + missing + Self.good, by: size)
        #expect(found.map(\.status) == [200, 404, 200])
        #expect(found.map(\.type) == ["application/json", nil, "application/json"])
        #expect(found.map(\.position) == ["t-0@3", nil, "t-0@3"])
        #expect(found.map(\.isLast) == [false, true, false])
        #expect(found.map { $0.body.map { String(buffer: $0) } } == ["{}", "12345", "{}"])
    }

    @Test("of a body that is too large nothing is kept, and the next answer is found", arguments: [1_000, .max])
    func large(_ size: Int) throws {
        let count = ImmediateAnswer.maxCount
        let texts = [count, count + 1, 200_000].map {
            "HTTP/1.1 200 OK\r\nContent-Length: \($0)\r\n\r\n\(String(repeating: "x", count: $0))"
        }
        let found = try Self.parse(texts.joined() + Self.good, by: size)
        #expect(found.map { $0.body?.readableBytes } == [count, nil, nil, 2])
    }

    @Test(
        "whatever an instance does not write ends the connection",
        arguments: [
            "220 mail.example ESMTP\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "\r\n\r\n\r\n", String(repeating: "x", count: 20_000),
            "HTTP/1.1 200 OK\r\n" + String(repeating: "x: y\r\n", count: 4_000),
        ])
    func unreadable(_ text: String) {
        for size in [64, 1_000, .max] {
            #expect(throws: AnswerParser.Unreadable.self) { try Self.parse(text, by: size) }
        }
    }
}
