import NIOCore
import Testing

@testable import RedisClient

@Suite("Redis' protocol")
struct RedisDecoderTests {
    private static let values: [(text: String, value: RedisValue)] = [
        ("+OK\r\n", .status("OK")), ("-ERR no\r\n", .failure("ERR no")), (":-7\r\n", .integer(-7)), ("_\r\n", .null),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("$0\r\n\r\n", .bytes(ByteBuffer())),
        ("$4\r\n\r\n\0x\r\n", .bytes(ByteBuffer(string: "\r\n\0x"))), ("#t\r\n", .boolean(true)),
        ("#f\r\n", .boolean(false)),
        (",1.5\r\n", .double(1.5)), (",inf\r\n", .double(.infinity)),
        ("(123456789012345678901\r\n", .status("123456789012345678901")),
        ("=7\r\ntxt:abc\r\n", .bytes(ByteBuffer(string: "abc"))), ("!6\r\nERR no\r\n", .failure("ERR no")),
        ("*2\r\n:1\r\n*1\r\n+a\r\n", .array([.integer(1), .array([.status("a")])])), ("*0\r\n", .array([])),
        ("~1\r\n:1\r\n", .array([.integer(1)])), ("%1\r\n+k\r\n:1\r\n", .map([.status("k"), .integer(1)])),
        (">2\r\n+message\r\n+x\r\n", .push([.status("message"), .status("x")])),
        ("|1\r\n+a\r\n:1\r\n:5\r\n", .integer(5)),
    ]

    @Test("values are read whole, wherever the bytes are cut", arguments: values.indices)
    func split(_ index: Int) throws {
        let (text, value) = Self.values[index]
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var buffer = ByteBuffer(bytes: bytes.prefix(cut))
            var decoder = RedisDecoder()
            if cut < bytes.count {
                #expect(try decoder.next(&buffer) == nil)
                buffer.writeBytes(bytes[cut...])
            }
            buffer.writeString("+next\r\n")
            #expect(try decoder.next(&buffer) == value)
            #expect(try decoder.next(&buffer) == .status("next"))
        }
    }

    @Test(
        "what is not the protocol is refused",
        arguments: [
            "HTTP/1.1 400\r\n", "\r\n", "$x\r\n", "$-2\r\n", "$999999999999\r\n", "*99999999999\r\n", "*-5\r\n",
            ":1.5\r\n",
            "$1\r\nabc\r\n", ",x\r\n", ":99999999999999999999\r\n", "+a\n",
            String(repeating: "*1\r\n", count: 100), String(repeating: "x", count: 70_000),
        ])
    func refused(_ text: String) {
        var buffer = ByteBuffer(string: text)
        var decoder = RedisDecoder()
        #expect(throws: RedisError.self) { try decoder.next(&buffer) }
    }

    @Test("random bytes never trap")
    func garbage() {
        let letters = Array("+-:$*%>~_#,(=!|0123456789\r\n\0abc".utf8)
        for _ in 0..<50_000 {
            let count = Int.random(in: 0..<24)
            var buffer = ByteBuffer(bytes: (0..<count).map { _ in letters.randomElement() ?? 0 })
            var decoder = RedisDecoder()
            while let value = try? decoder.next(&buffer) { #expect(value == value) }
        }
    }

    @Test("an answer of keys and values is a dictionary in both versions of the protocol")
    func dictionary() {
        let pairs: [RedisValue] = [.bytes(ByteBuffer(string: "a")), .integer(1), .status("b"), .null]
        #expect(RedisValue.map(pairs).dictionary == ["a": .integer(1), "b": .null])
        #expect(RedisValue.array(pairs).dictionary == ["a": .integer(1), "b": .null])
        #expect(RedisValue.array([.integer(1)]).dictionary == nil && RedisValue.integer(1).dictionary == nil)
        #expect(RedisValue.bytes(ByteBuffer(string: "12")).integer == 12 && RedisValue.status("x").integer == nil)
    }
}
