import FoundationEssentials
import Millrace
import Testing

@Suite("Serdes")
struct SerdeTests {
    /// What Kafka's serializers of the same types write.
    @Test("a value becomes the bytes that Kafka's serializer writes and comes back")
    func kafkaBytes() throws {
        try check(.string, "", [])
        try check(.string, "Zoë", [0x5a, 0x6f, 0xc3, 0xab])
        try check(.int16, -2, [0xff, 0xfe])
        try check(.int32, 258, [0, 0, 1, 2])
        try check(.int32, .min, [0x80, 0, 0, 0])
        try check(.int64, 3, [0, 0, 0, 0, 0, 0, 0, 3])
        try check(.int64, -1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
        try check(.double, 1.5, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0])
        try check(.double, -0.0, [0x80, 0, 0, 0, 0, 0, 0, 0])
        try check(.float, 0.5, [0x3f, 0, 0, 0])
        try check(.bool, true, [1])
        try check(.bool, false, [0])
        try check(.bytes, [0, 255], [0, 255])
        try check(.bytes, [], [])
        try check(.data, Data([1, 2]), [1, 2])
        let uuid = try #require(UUID(uuidString: "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"))
        try check(.uuid, uuid, Array("f81d4fae-7dec-11d0-a765-00a0c91e6bf6".utf8))
    }

    private func check<Value: Equatable>(_ serde: Serde<Value>, _ value: Value, _ bytes: [UInt8]) throws {
        #expect(try serde.bytes(of: value) == bytes)
        #expect(try serde.value(from: bytes) == value)
    }

    @Test("not a number comes back as it went")
    func notANumber() throws {
        let serde = Serde.double
        #expect(try serde.value(from: serde.bytes(of: .nan)).isNaN)
    }

    @Test("serialising appends and leaves what is there")
    func appends() throws {
        var buffer: [UInt8] = [9]
        try Serde.int16.serialize(1, into: &buffer)
        #expect(buffer == [9, 0, 1])
    }

    @Test("the wrong number of bytes is an error that names the type and both sizes", arguments: [0, 1, 3, 5, 7, 9])
    func wrongSize(count: Int) {
        let bytes = [UInt8](repeating: 0, count: count)
        if count != 1 { expectError("not a Bool: \(count) bytes instead of 1") { try Serde.bool.value(from: bytes) } }
        expectError("not a Int16: \(count) bytes instead of 2") { try Serde.int16.value(from: bytes) }
        expectError("not a Int32: \(count) bytes instead of 4") { try Serde.int32.value(from: bytes) }
        expectError("not a Int64: \(count) bytes instead of 8") { try Serde.int64.value(from: bytes) }
        expectError("not a Float: \(count) bytes instead of 4") { try Serde.float.value(from: bytes) }
        expectError("not a Double: \(count) bytes instead of 8") { try Serde.double.value(from: bytes) }
    }

    private func expectError(_ description: String, _ body: () throws -> some Any) {
        let error = #expect(throws: SerdeError.self) { _ = try body() }
        #expect(error?.description == description)
    }

    @Test("bytes that are no value of the type are an error and never replaced")
    func invalid() {
        expectError("not a String: invalid UTF-8 in 2 bytes") { try Serde.string.value(from: [0xc3, 0x28]) }
        expectError("not a String: invalid UTF-8 in 3 bytes") { try Serde.string.value(from: [0xed, 0xa0, 0x80]) }
        expectError("not a Bool: byte 2") { try Serde.bool.value(from: [2]) }
        expectError("not a UUID: 4 bytes that spell no UUID") { try Serde.uuid.value(from: Array("uuid".utf8)) }
    }

    @Test("every NaN of a Double is one key, as in Java; a Float's bits stay as they are")
    func canonicalNaN() throws {
        let canonical: [UInt8] = [0x7f, 0xf8, 0, 0, 0, 0, 0, 0]
        for bits: UInt64 in [
            0x7ff8_0000_0000_0000, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0x7fff_ffff_ffff_ffff,
        ] {
            #expect(try Serde.double.bytes(of: Double(bitPattern: bits)) == canonical)
            let key = Windowed(key: Double(bitPattern: bits), window: Window(startMs: 1, endMs: 2))
            #expect(try Serde<Windowed<Double>>.sessionWindowed(.double).bytes(of: key).prefix(8) == canonical[...])
        }
        #expect(try Serde.double.value(from: canonical).isNaN)
        #expect(try Serde.double.bytes(of: -0.0) == [0x80, 0, 0, 0, 0, 0, 0, 0])
        #expect(try Serde.double.bytes(of: 0) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try Serde.double.bytes(of: -.infinity) == [0xff, 0xf0, 0, 0, 0, 0, 0, 0])
        #expect(try Serde.float.bytes(of: Float(bitPattern: 0xffc0_0001)) == [0xff, 0xc0, 0, 1])
        #expect(try Serde.float.bytes(of: -0.0) == [0x80, 0, 0, 0])
    }

    @Test("JSON has its keys sorted, so that equal values give equal bytes")
    func json() throws {
        let serde = Serde<Payment>.json()
        let payment = Payment(shop: "a/b", amount: 2.5)
        #expect(try serde.bytes(of: payment) == Array(#"{"amount":2.5,"shop":"a/b"}"#.utf8))
        #expect(try serde.value(from: Array(#" {"shop":"a/b", "amount":2.5, "more":[]}"#.utf8)) == payment)
    }

    @Test(
        "JSON of another shape is an error",
        arguments: ["", "{", "{}", "null", #"{"shop":"a","amount":"2"}"#, #"{"shop":null,"amount":2}"#])
    func otherJSON(text: String) {
        #expect(throws: (any Error).self) { try Serde<Payment>.json().value(from: Array(text.utf8)) }
    }

    @Test("a type can bring its serde along")
    func defaultSerde() throws {
        #expect(try String.defaultSerde.bytes(of: "a") == [0x61])
        #expect(try Int64.defaultSerde.bytes(of: 1).count == 8)
        #expect(try [UInt8].defaultSerde.bytes(of: [1]) == [1])
        #expect(UUID.defaultSerde.name == "UUID")
    }
}

struct Payment: Codable, Equatable, Sendable {
    var account = ""
    var shop: String
    var amount: Double
    var isTest = false

    private enum CodingKeys: CodingKey { case shop, amount }

    init(account: String = "", shop: String, amount: Double) {
        self.account = account
        self.shop = shop
        self.amount = amount
    }
}
