import NIOCore
import Testing

@testable import RedisClient

@Suite("Redis' protocol")
struct RedisFramerTests {
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
            var framer = RedisFramer()
            if cut < bytes.count {
                #expect(try framer.next(&buffer) == nil)
                buffer.writeBytes(bytes[cut...])
            }
            buffer.writeString("+next\r\n")
            #expect(try framer.value(&buffer) == value)
            #expect(try framer.value(&buffer) == .status("next"))
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
        var framer = RedisFramer()
        #expect(throws: RedisError.self) { try framer.value(&buffer) }
    }

    @Test("random bytes never trap")
    func garbage() {
        let letters = Array("+-:$*%>~_#,(=!|0123456789\r\n\0abc".utf8)
        for _ in 0..<50_000 {
            let count = Int.random(in: 0..<24)
            var buffer = ByteBuffer(bytes: (0..<count).map { _ in letters.randomElement() ?? 0 })
            var framer = RedisFramer()
            while let value = try? framer.value(&buffer) { #expect(value == value) }
        }
    }

    @Test("an answer is walked through without its values being made, and what is not there is refused")
    func cursor() throws {
        let answer = ByteBuffer(string: "*3\r\n$2\r\nab\r\n*-1\r\n*2\r\n:1\r\n-ERR no\r\n")
        try RedisCursor.read(answer) { (cursor, bytes) throws(RedisError) in
            #expect(try cursor.array() == 3)
            let text = try cursor.text()
            #expect(text.map { String(decoding: bytes[$0], as: UTF8.self) } == "ab")
            #expect(try cursor.array() == nil)
            var copy = cursor
            #expect(throws: RedisError.self) { try copy.text() }
            #expect(try copy.encodedValue(of: answer) == .encoded(ByteBuffer(string: "*2\r\n:1\r\n-ERR no\r\n")))
            #expect(try cursor.array() == 2)
            #expect(throws: RedisError.self) { try cursor.array() }
            #expect(try cursor.value(of: answer) == .integer(1))
            #expect(try cursor.encodedValue(of: answer) == .failure("ERR no"))
            #expect(throws: RedisError.self) { try cursor.value(of: answer) }
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

extension RedisFramer {
    /// Takes the first value out of a buffer; `nil` if it is not there as a whole.
    fileprivate mutating func value(_ buffer: inout ByteBuffer) throws -> RedisValue? {
        try next(&buffer).map { try RedisCursor.value(of: $0) }
    }
}
