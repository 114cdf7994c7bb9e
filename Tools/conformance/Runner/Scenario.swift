package import Foundation
import Millrace

/// A recording: a topology, a sequence of inputs, and the results of Kafka Streams. Tests/Conformance/FORMAT.md defines the
/// format.
package struct Scenario: Sendable {
    enum Step: Sendable {
        case record(topic: String, Entry, timestampMs: Int64)
        case advanceWallClock(milliseconds: Int64)
    }

    /// A record as the file writes it: text, or the hex of the raw bytes in internal topics.
    struct Entry: Hashable, Sendable {
        var key: String?
        var value: String?
        /// The timestamp; `nil` in the changelogs of buffers, whose records have none.
        var timestampMs: Int64?
        /// The headers, sorted by name because JSON keeps no order.
        var headers: [EntryHeader] = []
    }

    struct EntryHeader: Hashable, Sendable {
        var name: String
        var value: String
    }

    package let name: String
    /// The settings of Kafka Streams that differ from the usual ones.
    let configuration: [String: String]
    let operations: [JSONValue]
    let steps: [Step]
    /// For each step the records that it appended to each topic.
    let outputs: [[String: [Entry]]]
    /// The final content of each timestamped key-value store, in key order.
    let stores: [String: [Entry]]
    let description: String

    /// Reads a scenario file.
    ///
    /// - Throws: `ScenarioError`; it is `.unsupported` if the file has an unknown field.
    package init(contentsOf url: URL) throws {
        try self.init(json: Data(contentsOf: url))
    }

    /// Reads a scenario from JSON.
    package init(json: Data) throws {
        let fields = try Fields(JSONDecoder().decode(JSONValue.self, from: json), of: "scenario")
        name = try fields.text("name")
        configuration = try fields.optionalTexts(byName: "config")
        operations = try fields.array("topology")
        steps = try fields.array("inputs").map(Self.step)
        outputs = try fields.array("outputs").map(Self.output)
        stores = try Self.entriesByName(fields.required("stores"), of: "store") { _ in false }
        description = try fields.text("describe")
        try fields.checkAllRead()
        guard outputs.count == steps.count else {
            throw ScenarioError.malformed("\(steps.count) inputs but \(outputs.count) outputs")
        }
    }

    /// The operations that the scenario uses and their fields, as `operation.field`.
    package var features: Set<String> {
        var features: Set<String> = []
        for case .object(let fields) in operations {
            guard case .string(let name)? = fields["op"] else { continue }
            features.insert(name)
            features.formUnion(fields.keys.map { "\(name).\($0)" })
        }
        return features
    }

    private static func step(_ value: JSONValue) throws -> Step {
        let fields = try Fields(value, of: "input")
        if fields.optional("advanceWallClockMs") != nil {
            let step = Step.advanceWallClock(milliseconds: try fields.number("advanceWallClockMs"))
            try fields.checkAllRead()
            return step
        }
        let topic = try fields.text("topic")
        return .record(
            topic: topic, try entry(fields, key: "key", value: "value"), timestampMs: try fields.number("ts"))
    }

    private static func output(_ value: JSONValue) throws -> [String: [Entry]] {
        try entriesByName(value, of: "topic") { $0.hasPrefix("app-") }
    }

    private static func entriesByName(
        _ value: JSONValue, of kind: String, isInternal: (String) -> Bool
    ) throws -> [String: [Entry]] {
        guard case .object(let lists) = value else { throw ScenarioError.malformed("\(kind)s are no object") }
        var entries: [String: [Entry]] = [:]
        for (name, list) in lists {
            guard case .array(let values) = list else { throw ScenarioError.malformed("\(kind) \(name) is no array") }
            entries[name] = try values.map {
                try entry(Fields($0, of: "\(kind) \(name)"), isInternal: isInternal(name))
            }
        }
        return entries
    }

    private static func entry(_ fields: Fields, isInternal: Bool) throws -> Entry {
        try entry(fields, key: isInternal ? "keyHex" : "key", value: isInternal ? "valueHex" : "value")
    }

    private static func entry(_ fields: Fields, key: String, value: String) throws -> Entry {
        let headers = try fields.optionalTexts(byName: "headers").sorted { $0.key < $1.key }
        let entry = Entry(
            key: try fields.nullableText(key), value: try fields.nullableText(value),
            timestampMs: try fields.nullableNumber("ts"),
            headers: headers.map { EntryHeader(name: $0.key, value: $0.value) })
        try fields.checkAllRead()
        return entry
    }
}
