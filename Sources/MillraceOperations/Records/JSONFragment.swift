import Millrace

/// A value of JSON to be written on one line, its members in the order given.
package enum JSONFragment: Sendable, Hashable {
    /// JSON that is written already.
    case raw(String)
    case string(String)
    case number(Int64)
    case double(Double)
    case bool(Bool)
    case null
    case array([JSONFragment])
    case object([Member])

    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSONFragment
    }

    /// An object of these members.
    package static func members(_ members: KeyValuePairs<String, JSONFragment>) -> JSONFragment {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    /// The object with these members at its end.
    package func adding(_ members: KeyValuePairs<String, JSONFragment>) -> JSONFragment {
        guard case .object(let first) = self, case .object(let rest) = Self.members(members) else { return self }
        return .object(first + rest)
    }

    package static func optional(_ text: String?) -> JSONFragment { text.map(JSONFragment.string) ?? .null }
    package static func optional(_ number: Int64?) -> JSONFragment { number.map(JSONFragment.number) ?? .null }

    /// The JSON.
    package var text: String {
        switch self {
        case .raw(let text): text
        case .string(let text): Self.quoted(text)
        case .number(let number): "\(number)"
        case .double(let number): number.isFinite ? "\(number)" : "null"
        case .bool(let value): value ? "true" : "false"
        case .null: "null"
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.quoted($0.name)): \($0.value.text)" }.joined(separator: ", ") + "}"
        }
    }

    /// A text in quotes. A terminal may act on the character DEL, so it is escaped too.
    private static func quoted(_ text: String) -> String {
        JSONText.quoted(text).split(separator: "\u{7F}", omittingEmptySubsequences: false).joined(separator: "\\u007f")
    }

    /// Bytes of which nothing is known: a text if they are one, else `{"$hex": "…"}`.
    package static func bytes(_ bytes: [UInt8]?) -> JSONFragment {
        guard let bytes else { return .null }
        if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: Self.isOdd) {
            return .string(text)
        }
        return .members(["$hex": .string(hex(bytes))])
    }

    /// Bytes in hexadecimal digits.
    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func isOdd(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t" && scalar != "\r"
    }
}
