import FoundationEssentials
import TestSupport
import Testing

@testable import Millrace

/// `Serde.json` reads what Foundation's `JSONDecoder` reads, to the bit and to the error.
@Suite("JSON")
struct JSONDifferentialTests {
    @Test("hostile texts give what Foundation gives", arguments: hostileTexts)
    func hostile(text: [UInt8]) { compareAll(text) }

    @Test("ordinary texts give what Foundation gives", arguments: ordinaryTexts)
    func ordinary(text: String) { compareAll(Array(text.utf8)) }

    @Test("mutated texts give what Foundation gives", arguments: [1, 2, 3, 4] as [UInt64])
    func mutated(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<400 {
            var text = Array((ordinaryTexts.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&text, &random) }
            compareAll(text)
        }
    }

    @Test("random numbers give what Foundation gives", arguments: [1, 2, 3, 4] as [UInt64])
    func numbers(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<1_500 {
            let text = "[\(number(&random))]"
            compare([Double].self, Array(text.utf8))
            compare([Float].self, Array(text.utf8))
            compare([Int].self, Array(text.utf8))
            compare([UInt8].self, Array(text.utf8))
            compare([UInt64].self, Array(text.utf8))
        }
    }

    @Test("an ordinary event does not need Foundation")
    func ordinaryEvent() throws {
        let text = Array(
            #" { "account" : "acct-1" , "score":0.25,"timestampMs":1700000000000,"more":[{"a":1}] } "#.utf8)
        let event = try text.withUnsafeBufferPointer { try JSONReader.decodeOrdinary(Event.self, $0) }
        #expect(event == Event(account: "acct-1", score: 0.25, timestampMs: 1_700_000_000_000, note: nil))
    }

    @Test("a text with more elements than lie on the stack does not need Foundation")
    func longArray() throws {
        let numbers = Array(0..<1_000)
        let text = Array("\(numbers)".utf8)
        #expect(try text.withUnsafeBufferPointer { try JSONReader.decodeOrdinary([Int].self, $0) } == numbers)
    }

    @Test("a decoder that is kept is Foundation's, and goes on working")
    func keptDecoder() throws {
        let kept = try Serde.json(Keeper.self).value(from: Array(#"{"name":"a"}"#.utf8))
        #expect(try kept.container.decode(String.self, forKey: .name) == "a")
    }

    @Test("an error that an initialiser swallows gives what Foundation gives")
    func swallowed() {
        for text in [
            #"{"value":"12"}"#, #"{"value":12}"#, #"{"value":null}"#, #"{"value":1e3}"#, #"{"value":"\ud800"}"#,
        ] {
            compare(Lenient.self, Array(text.utf8))
        }
    }

    private func compareAll(_ text: [UInt8]) {
        compare(Event.self, text)
        compare(Nested.self, text)
        compare(Special.self, text)
        compare(Tree.self, text)
        compare(Derived.self, text)
        compare([String: Tree].self, text)
        compare([Int: Double].self, text)
        compare(String.self, text)
        compare(Double?.self, text)
        compare(Choice.self, text)
        compare(Flat.self, text)
    }

    private func compare<Value: Codable & Equatable & SendableMetatype>(_ type: Value.Type, _ text: [UInt8]) {
        let expected = Result { try JSONDecoder().decode(type, from: Data(text)) }
        let found = Result { try Serde.json(type).value(from: text) }
        switch (expected, found) {
        case (.success(let expected), .success(let found)):
            #expect(expected == found, "\(type) of \(String(decoding: text, as: UTF8.self))")
        case (.failure(let expected), .failure(let found)):
            // Foundation goes through a dictionary's keys in a different order each time, and so do its errors.
            if type == Event.self || type == Lenient.self {
                #expect(String(describing: expected) == String(describing: found))
            }
        default:
            Issue.record("\(type) of \(String(decoding: text, as: UTF8.self)): \(expected), but \(found)")
        }
    }

    private func mutate(_ text: inout [UInt8], _ random: inout SeededNumbers) {
        let at = Int.random(in: 0...text.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: text.insert(UInt8.random(in: 0...255, using: &random), at: at)
        case 1 where at < text.count: text.remove(at: at)
        case 2 where at < text.count: text[at] = UInt8.random(in: 0...255, using: &random)
        case 3: text.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: at)
        default: text.removeLast(text.count - at)
        }
    }

    private func number(_ random: inout SeededNumbers) -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return "\(Double(bitPattern: UInt64.random(in: 0 ... .max, using: &random)))"
        case 1: return "\(Int64.random(in: .min ... .max, using: &random))"
        case 2: return "\(UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0..<64, using: &random))"
        case 3: return "\(Double.random(in: -1...1, using: &random))"
        default:
            func digits(_ range: ClosedRange<Int>) -> String {
                String(
                    (0..<Int.random(in: range, using: &random)).map { _ in
                        "0123456789".randomElement(using: &random) ?? "0"
                    })
            }
            let sign = Bool.random(using: &random) ? "-" : ""
            let fraction = Bool.random(using: &random) ? ".\(digits(1...22))" : ""
            let exponent =
                Bool.random(using: &random)
                ? "e\(["", "+", "-"].randomElement(using: &random) ?? "")\(digits(1...3))" : ""
            return sign + digits(1...22) + fraction + exponent
        }
    }
}

private let pieces = [
    #"""#, #"\"#, #"\u00e9"#, #"\ud83d\ude00"#, #"\ud800"#, "{", "}", "[", "]", ",", ":", "0", "-", "1e9", ".5", "null",
    "true", #","account":"again""#, "é", "\u{301}", "\u{0}", "\n", "//", "NaN", "Infinity", #""a":1,"#,
]

private let ordinaryTexts = [
    #"{"account":"acct-012345","score":0.8437261918437261,"timestampMs":1700000000000}"#,
    #"{"timestampMs":-5,"note":null,"score":1,"account":"a longer account than fits into a word"}"#,
    #"{"account":"Zoë \"quoted\" \\ \/ \b\f\n\r\t \u00e9 \ud83d\ude00","score":1e-3,"timestampMs":0,"note":"ø"}"#,
    #"{"list":[{"account":"a","score":1.5,"timestampMs":1}],"map":{"x":1,"y":2},"deep":{"deep":{"list":[],"map":{}}}}"#,
    #"{"date":700000000.5,"data":"AQID","url":"https://example.org/a?b=c","decimal":12.34,"uuid":"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"}"#,
    #"{"a":[1,2.5,"three",null,true,{"b":[]}],"c":{"d":-0}}"#,
    #"{"name":"child","super":{"base":1}}"#, #"{"base":1,"name":"x"}"#,
    #"{"1":1.5,"2":2}"#, #"["1",1]"#, #""text""#, "12.5", "null", " [ ] ", "{}", "true",
    #"{"circle":{"radius":2}}"#, #"{"nothing":{}}"#, #"{"pair":{"_0":1,"_1":"b"}}"#,
    #"{"x":1,"y":[1,2,3],"z":{"w":false}}"#,
]

private let hostileBytes: [[UInt8]] = [
    Array(repeating: UInt8(ascii: "["), count: 100_000),
    bytes(String(repeating: "[", count: 200), String(repeating: "]", count: 200)),
    bytes(String(repeating: "[", count: 600), String(repeating: "]", count: 600)),
    bytes(String(repeating: #"{"a":"#, count: 300), "1", String(repeating: "}", count: 300)),
    [], [0x20], [0], [0xef, 0xbb, 0xbf, 0x7b, 0x7d], [0xff, 0xfe, 0x7b, 0, 0x7d, 0], [0, 0x7b, 0, 0x7d], [0x31, 0],
    bytes(#"{"account":""#) + [0xff] + bytes(#"","score":1,"timestampMs":1}"#),
    bytes(#"{"account":"a","score":1,"timestampMs":1,"other":""#) + [0xc3, 0x28] + bytes(#""}"#),
    bytes(#"{"account":"a","score":1,"timestampMs":1,""#) + [0xff] + bytes(#"":1}"#),
]

private func bytes(_ parts: String...) -> [UInt8] { Array(parts.joined().utf8) }

private let hostileStrings: [String] = [
    #"{"account":"a","account":"b","score":1,"score":2,"timestampMs":1}"#,
    #"{"\u0061ccount":"escaped","account":"plain","score":1,"timestampMs":1}"#,
    #"{"account":"plain","\u0061ccount":"escaped","score":1,"timestampMs":1}"#,
    #"{"account":"a","score":1e400,"timestampMs":1}"#, #"{"account":"a","score":1e-400,"timestampMs":1}"#,
    #"{"account":"a","score":-0,"timestampMs":-0}"#, #"{"account":"a","score":0e5,"timestampMs":0e5}"#,
    #"{"account":"a","score":1,"timestampMs":1.0}"#, #"{"account":"a","score":1,"timestampMs":1e3}"#,
    #"{"account":"a","score":1,"timestampMs":9223372036854775807}"#,
    #"{"account":"a","score":1,"timestampMs":9223372036854775808}"#,
    #"{"account":"a","score":1,"timestampMs":-9223372036854775808}"#,
    #"{"account":"a","score":123456789012345678901234567890,"timestampMs":123456789012345678901234567890}"#,
    #"{"account":"a","score":01,"timestampMs":1}"#, #"{"account":"a","score":1,"timestampMs":1,"other":01}"#,
    #"{"account":"a","score":1,"timestampMs":1,"other":1.2.3}"#, #"{"account":"a","score":+1,"timestampMs":1}"#,
    #"{"account":"a","score":.5,"timestampMs":1}"#, #"{"account":"a","score":5.,"timestampMs":1}"#,
    #"{"account":"a","score":NaN,"timestampMs":1}"#, #"{"account":"a","score":Infinity,"timestampMs":1}"#,
    #"{"account":"a","score":"NaN","timestampMs":1}"#, #"{"account":"\ud800","score":1,"timestampMs":1}"#,
    #"{"account":"\udc00","score":1,"timestampMs":1}"#, #"{"account":"\ud800\ud800","score":1,"timestampMs":1}"#,
    #"{"account":"\u0000","score":1,"timestampMs":1}"#, #"{"account":"\x","score":1,"timestampMs":1}"#,
    #"{"account":"\u12","score":1,"timestampMs":1}"#, #"{"account":"a","score":1,"timestampMs":1,"other":"\x"}"#,
    "{\"account\":\"tab\tin it\",\"score\":1,\"timestampMs\":1}", #"{"account":"a","score":1,"timestampMs":1}x"#,
    #"{"account":"a","score":1,"timestampMs":1,}"#, #"{"account":"a","score":1,"timestampMs":1} // why"#,
    #"{'account':"a"}"#, #"{account:"a"}"#, #"{"account"}"#, #"{"account":}"#, #"{"account":"a""#,
    #"{"account":"a"#,
    #"[1,]"#, #"[,1]"#, #"[1 2]"#, "[1", "]", "nul", "nulll", "tru", "-", "--1", "1e", "1e+", #"""#, #""\"#,
    "\u{feff}{}",
    #"{"a":{"é":1,"e\#u{301}":2}}"#, #"{"e\#u{301}":1}"#,
]

private let hostileTexts: [[UInt8]] = hostileBytes + hostileStrings.map { Array($0.utf8) }

// MARK: What is decoded

private struct Event: Codable, Equatable {
    var account: String
    var score: Double
    var timestampMs: Int64
    var note: String?
}

private struct Nested: Codable, Equatable {
    var list: [Event]
    var map: [String: Int]
    var deep: [String: Nested]?
}

private struct Special: Codable, Equatable {
    var date: Date
    var data: Data
    var url: URL
    var decimal: Decimal
    var uuid: UUID
}

/// Any JSON: tries one type after the other.
private indirect enum Tree: Codable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([Tree])
    case map([String: Tree])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([Tree].self) {
            self = .list(list)
        } else {
            self = .map(try value.decode([String: Tree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {}
}

private class Base: Codable {
    var base: Int
}

private final class Derived: Base, Equatable {
    var name = ""
    var path = ""

    private enum Key: CodingKey { case name, base, missing }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: .name)
        path = container.codingPath.map(\.stringValue).joined()
        if container.contains(.base) {
            try super.init(from: decoder)
        } else {
            try super.init(from: container.superDecoder())
        }
    }

    static func == (left: Derived, right: Derived) -> Bool {
        (left.name, left.base, left.path) == (right.name, right.base, right.path)
    }
}

private enum Choice: Codable, Equatable {
    case circle(radius: Double)
    case pair(Int, String)
    case nothing
}

/// Takes apart by hand what lies in other containers, and notes the paths on the way.
private struct Flat: Codable, Equatable {
    var numbers: [Int] = []
    var flag: Bool
    var paths: [String] = []

    private enum Key: CodingKey { case x, y, z, w }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var list = try container.nestedUnkeyedContainer(forKey: .y)
        while !list.isAtEnd {
            if try list.decodeNil() { continue }
            numbers.append(try list.decode(Int.self))
            paths.append("\(list.currentIndex) of \(list.count ?? -1)")
        }
        let inner = try container.nestedContainer(keyedBy: Key.self, forKey: .z)
        flag = try inner.decode(Bool.self, forKey: .w)
        paths.append(inner.codingPath.map(\.stringValue).joined(separator: "."))
        paths.append(container.allKeys.map(\.stringValue).sorted().joined())
    }

    func encode(to encoder: any Encoder) throws {}
}

private struct Lenient: Codable, Equatable {
    var value: Int?

    private enum CodingKeys: CodingKey { case value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        value =
            (try? container.decode(Int.self, forKey: .value))
            ?? (try? container.decode(String.self, forKey: .value)).flatMap { Int($0) }
    }
}

private struct Keeper: Codable {
    enum Key: CodingKey { case name }

    var container: KeyedDecodingContainer<Key>

    init(from decoder: any Decoder) throws { container = try decoder.container(keyedBy: Key.self) }

    func encode(to encoder: any Encoder) throws {}
}
