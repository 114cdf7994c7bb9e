import Foundation
import Millrace
import Testing

@Suite("Serdes as text")
struct SerdeTextTests {
    private struct Event: Codable, Sendable {
        var name: String
    }

    private struct Amount: Sendable {
        var cents: Int64
        init(cents: Int64) { self.cents = cents }
        init(_ text: String) throws {
            guard let euros = Int64(text) else { throw SerdeError(type: "Amount", message: text) }
            cents = euros * 100
        }
    }

    private static let raw = Serde<Amount>(
        name: "Amount", serialize: { try Serde.int64.serialize($0.cents, into: &$1) },
        deserialize: { Amount(cents: try Serde.int64.deserialize($0)) })

    private func expect<Value>(
        _ serde: Serde<Value>, _ value: Value, typed: String?, json: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = try serde.bytes(of: value)
        #expect(serde.erased.json(of: bytes) == json, sourceLocation: sourceLocation)
        if let typed { #expect(try serde.erased.bytes(from: typed) == bytes, sourceLocation: sourceLocation) }
    }

    @Test("built-in serdes render values as JSON and read what somebody types")
    func builtIn() throws {
        try expect(.string, "a \"b\"\\\n\u{1}é", typed: "a \"b\"\\\n\u{1}é", json: #""a \"b\"\\\n\u0001é""#)
        try expect(.int16, -7, typed: "-7", json: "-7")
        try expect(.int32, .max, typed: "2147483647", json: "2147483647")
        try expect(.int64, .min, typed: "-9223372036854775808", json: "-9223372036854775808")
        try expect(.double, 0.1, typed: "0.1", json: "0.1")
        try expect(.double, .infinity, typed: nil, json: "\"inf\"")
        try expect(.double, .nan, typed: "nan", json: "\"nan\"")
        try expect(.float, 1.5, typed: "1.5", json: "1.5")
        try expect(.bool, true, typed: "true", json: "true")
        try expect(.bytes, [1, 255], typed: "0x01ff", json: #"{"$base64": "Af8="}"#)
        try expect(.data, Data([1, 255]), typed: "base64:Af8=", json: #"{"$base64": "Af8="}"#)
        let uuid = try #require(UUID(uuidString: "E621E1F8-C36C-495A-93FC-0C247A3E6E5F"))
        try expect(.uuid, uuid, typed: uuid.uuidString, json: "\"e621e1f8-c36c-495a-93fc-0c247a3e6e5f\"")
    }

    @Test("JSON is passed through unchanged")
    func json() throws {
        try expect(.json(Event.self), Event(name: "é"), typed: #"{ "name" : "é" }"#, json: #"{"name":"é"}"#)
        let spaced = Array(#" { "name" : "x", "more": [1e5, null] } "#.utf8)
        #expect(Serde.json(Event.self).erased.json(of: spaced) == String(decoding: spaced, as: UTF8.self))
        #expect(Serde.json(Event.self).erased.name == "JSON Event")
    }

    @Test(
        "bytes that are no value of their serde are rendered with a marker and the reason",
        arguments: [
            "", "{", "{} {}", "[1,]", "{\"a\" 1}", "01", "1.", "\"\\x\"", "\"\\u12g4\"", "nul", "-", "\"a",
        ])
    func broken(text: String) throws {
        let rendered = Serde.json(Event.self).erased.json(of: Array(text.utf8))
        #expect(rendered.hasPrefix(#"{"$base64": ""#) && rendered.contains(#""$error""#))
        #expect(Serde.int64.erased.json(of: [1, 2, 3]).contains("3 bytes instead of 8"))
        #expect(Serde.string.erased.json(of: [0xff]).hasPrefix(#"{"$base64": "/w==""#))
    }

    @Test("a key in a window is an object in JSON and KEY@START, or KEY@START-END, as typed")
    func windowed() throws {
        let time = Windowed(key: "a@b", window: Window(startMs: 60_000, endMs: 120_000))
        try expect(
            .timeWindowed(.string, size: .seconds(60)), time, typed: "a@b@60000",
            json: #"{"key": "a@b", "startMs": 60000, "endMs": 120000}"#)
        try expect(
            .sessionWindowed(.int32), Windowed(key: 5, window: Window(startMs: 1, endMs: 9)), typed: "5@1-9",
            json: #"{"key": 5, "startMs": 1, "endMs": 9}"#)
        let serde = Serde<Windowed<String>>.timeWindowed(.string, size: .seconds(60)).erased
        for text in ["a", "a@", "a@x", "a@1-2-3", "a@60000-60001"] {
            #expect(throws: SerdeError.self, "\(text)") { try serde.bytes(from: text) }
        }
        #expect(serde.json(of: [1, 2]).contains("$error"))
    }

    @Test("a custom serde may say how its values read; one that does not is shown as bytes")
    func custom() throws {
        try expect(Self.raw, Amount(cents: 300), typed: "0x000000000000012c", json: #"{"$base64": "AAAAAAAAASw="}"#)
        #expect(!Self.raw.erased.isReadable)
        #expect(throws: SerdeError.self) { try Self.raw.erased.bytes(from: "3") }
        let amounts = Serde<Amount>(
            name: "Amount", serialize: { try Serde.int64.serialize($0.cents, into: &$1) },
            deserialize: { Amount(cents: try Serde.int64.deserialize($0)) }
        )
        .rendered(json: { "\"\($0.cents / 100) EUR\"" }, parse: { try Amount($0) })
        try expect(amounts, Amount(cents: 300), typed: "3", json: "\"3 EUR\"")
        #expect(amounts.erased.name == "Amount" && amounts.erased.isReadable)
        #expect(throws: SerdeError.self) { try amounts.erased.bytes(from: "three") }
    }
}
