import Foundation
import Millrace

/// JSON objects as fields of Redis.
enum JSONMembers {
    /// Returns the members of a JSON object, by their names in order.
    ///
    /// - Throws: `SinkRefusal` for anything else.
    static func members(of value: [UInt8]) throws(SinkRefusal) -> [(key: String, value: JSONValue)] {
        guard case .object(let members)? = try? JSONDecoder().decode(JSONValue.self, from: Data(value)) else {
            throw SinkRefusal("its value is not a JSON object")
        }
        return members.sorted { $0.key < $1.key }
    }

    /// Returns a value as Redis has it: text, JSON, or the bytes of `{"$base64": "…"}`; `nil` for null.
    static func bytes(of value: JSONValue) -> [UInt8]? {
        if value == .null { return nil }
        if let text = value.scalarText { return Array(text.utf8) }
        if case .object(let members) = value, members.count == 1, case .string(let text)? = members["$base64"],
            let data = Data(base64Encoded: text)
        {
            return Array(data)
        }
        return Array(text(of: value).utf8)
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .string(let text): JSONText.quoted(text)
        case .boolean, .integer, .number: value.scalarText ?? "null"
        case .array(let elements): "[" + elements.map(text).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { JSONText.quoted($0.key) + ":" + text(of: $0.value) }.joined(separator: ",") + "}"
        }
    }
}
