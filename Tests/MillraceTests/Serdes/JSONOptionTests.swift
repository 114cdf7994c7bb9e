import FoundationEssentials
import TestSupport
import Testing

@testable import Millrace

/// The formats of dates and the custom encoders of `Serde.json`.
@Suite("JSON options")
struct JSONOptionTests {
    private struct Reading: Codable, Equatable {
        var at: Date
        var previous: Date?
        var history: [Date] = []
        var named: [String: Date] = [:]
        var value = 0.0
    }

    /// 9 February 2022, 13:27:17 UTC.
    private static let moment = Date(timeIntervalSince1970: 1_644_413_237)

    @Test(
        "a date is written in the format that was asked for, and comes back",
        arguments: zip(dateFormats, ["666106037", "1644413237", "1644413237000", #""2022-02-09T13:27:17Z""#]))
    func formats(dates: JSONDates, text: String) throws {
        let serde = Serde.json([Date].self, dates: dates)
        #expect(try String(decoding: serde.bytes(of: [Self.moment]), as: UTF8.self) == "[\(text)]")
        #expect(try serde.value(from: Array("[\(text)]".utf8)) == [Self.moment])
        let reading = Reading(
            at: Self.moment, previous: Self.moment, history: [Self.moment, .init(timeIntervalSince1970: 0)],
            named: ["a": Self.moment], value: 1.5)
        let readings = Serde.json(Reading.self, dates: dates)
        #expect(try readings.value(from: readings.bytes(of: reading)) == reading)
    }

    @Test("the same number is another date in each format")
    func sameNumber() throws {
        let text = Array("[1644413237.165]".utf8)
        #expect(
            try Serde.json([Date].self).value(from: text) == [Date(timeIntervalSinceReferenceDate: 1_644_413_237.165)])
        #expect(
            try Serde.json([Date].self, dates: .secondsSince1970).value(from: text)
                == [Date(timeIntervalSince1970: 1_644_413_237.165)])
        #expect(throws: (any Error).self) { try Serde.json([Date].self, dates: .iso8601).value(from: text) }
    }

    @Test("every format reads what Foundation reads in it", arguments: dateFormats, [1, 2, 3] as [UInt64])
    func differential(dates: JSONDates, seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        let texts = [
            "0", "-0", "1", "1644413237.165", "1644413237165", "1e400", "-1e300", "12345678901234567890", "null",
            "true",
            #""2022-02-09T13:27:17Z""#, #""2022-02-09T13:27:17.165Z""#, #""2022-02-09T13:27:17+01:00""#,
            #""2022-02-09""#,
            #""1644413237""#, "\"\"", "[]", "{}", #""2022-02-09T13\u003a27:17Z""#,
        ]
        for _ in 0..<300 {
            func value() -> String { texts.randomElement(using: &random) ?? "" }
            let members = [
                #""at":\#(value())"#, #""previous":\#(value())"#, #""history":[\#(value()),\#(value())]"#,
                #""named":{"a":\#(value()),"a":\#(value())}"#, #""value":1"#, #""at":\#(value())"#,
            ]
            compare("{\(members.shuffled(using: &random).joined(separator: ","))}", dates)
        }
        for text in texts {
            compare(#"{"at":\#(text),"history":[],"named":{},"value":1}"#, dates)
        }
    }

    private func compare(_ text: String, _ dates: JSONDates) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = dates.decodingStrategy
        let expected = Result { try decoder.decode(Reading.self, from: Data(text.utf8)) }
        let found = Result { try Serde.json(Reading.self, dates: dates).value(from: Array(text.utf8)) }
        switch (expected, found) {
        case (.success(let expected), .success(let found)): #expect(expected == found, "\(dates): \(text)")
        case (.failure, .failure): break
        default: Issue.record("\(dates): \(text): \(expected), but \(found)")
        }
    }

    @Test("of a key that an object has twice, the first value counts, as in Foundation")
    func duplicates() throws {
        struct One: Codable, Equatable { var a: Int }
        let text = Array(#"{"a":1,"a":2}"#.utf8)
        #expect(try JSONDecoder().decode(One.self, from: Data(text)) == One(a: 1))
        #expect(try Serde.json(One.self).value(from: text) == One(a: 1))
        #expect(try Serde.json([String: Int].self).value(from: text) == ["a": 1])
    }

    @Test("a custom encoder and decoder decide about numbers that are not finite, on any thread")
    func custom() async throws {
        let serde = Serde.json([Double].self) {
            let encoder = JSONEncoder()
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
            return encoder
        } decoder: {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
            return decoder
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let bytes = try serde.bytes(of: [.infinity, .nan, 1])
                    #expect(String(decoding: bytes, as: UTF8.self) == #"["Infinity","NaN",1]"#)
                    let values = try serde.value(from: bytes)
                    #expect(values.count == 3 && values[0] == .infinity && values[1].isNaN && values[2] == 1)
                }
            }
            try await group.waitForAll()
        }
        #expect(throws: (any Error).self) { try Serde.json([Double].self).bytes(of: [.nan]) }
    }
}

private let dateFormats: [JSONDates] = [.secondsSince2001, .secondsSince1970, .millisecondsSince1970, .iso8601]
