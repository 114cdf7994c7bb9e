import Millrace

/// The fields of one JSON object, with a note of those that were read.
final class Fields {
    /// The object's name in error messages.
    let owner: String
    private let values: [String: JSONValue]
    private var read: Set<String> = []

    init(_ value: JSONValue, of owner: String) throws(ScenarioError) {
        guard case .object(let values) = value else { throw .malformed("\(owner) is no object") }
        self.owner = owner
        self.values = values
    }

    /// The value of a field; `nil` if the field is missing.
    func optional(_ name: String) -> JSONValue? {
        read.insert(name)
        return values[name]
    }

    func required(_ name: String) throws(ScenarioError) -> JSONValue {
        guard let value = optional(name) else { throw .malformed("\(owner) has no field \(name)") }
        return value
    }

    /// A text; `nil` if the field is missing.
    func optionalText(_ name: String) throws(ScenarioError) -> String? {
        guard let value = optional(name) else { return nil }
        guard case .string(let text) = value else { throw .malformed("\(owner): \(name) is no text") }
        return text
    }

    func text(_ name: String) throws(ScenarioError) -> String {
        guard case .string(let text) = try required(name) else { throw .malformed("\(owner): \(name) is no text") }
        return text
    }

    /// A text or null; throws if the field is missing.
    func nullableText(_ name: String) throws(ScenarioError) -> String? {
        switch try required(name) {
        case .null: return nil
        case .string(let text): return text
        default: throw .malformed("\(owner): \(name) is neither text nor null")
        }
    }

    func number(_ name: String) throws(ScenarioError) -> Int64 {
        guard case .integer(let number) = try required(name) else { throw .malformed("\(owner): \(name) is no number") }
        return number
    }

    /// A number; `nil` if the field is missing.
    func optionalNumber(_ name: String) throws(ScenarioError) -> Int64? {
        guard let value = optional(name) else { return nil }
        guard case .integer(let number) = value else { throw .malformed("\(owner): \(name) is no number") }
        return number
    }

    func nullableNumber(_ name: String) throws(ScenarioError) -> Int64? {
        if case .null = try required(name) { return nil }
        return try number(name)
    }

    func optionalBool(_ name: String) throws(ScenarioError) -> Bool? {
        guard let value = optional(name) else { return nil }
        guard case .boolean(let bool) = value else { throw .malformed("\(owner): \(name) is neither true nor false") }
        return bool
    }

    func array(_ name: String) throws(ScenarioError) -> [JSONValue] {
        guard case .array(let values) = try required(name) else { throw .malformed("\(owner): \(name) is no array") }
        return values
    }

    func texts(_ name: String) throws(ScenarioError) -> [String] {
        var texts: [String] = []
        for value in try array(name) {
            guard case .string(let text) = value else { throw .malformed("\(owner): \(name) holds more than texts") }
            texts.append(text)
        }
        return texts
    }

    func object(_ name: String) throws(ScenarioError) -> [String: JSONValue] {
        guard case .object(let values) = try required(name) else { throw .malformed("\(owner): \(name) is no object") }
        return values
    }

    /// Texts by name; empty if the field is missing.
    func optionalTexts(byName name: String) throws(ScenarioError) -> [String: String] {
        guard let value = optional(name) else { return [:] }
        guard case .object(let values) = value else { throw .malformed("\(owner): \(name) is no object") }
        var texts: [String: String] = [:]
        for (key, value) in values {
            guard case .string(let text) = value else { throw .malformed("\(owner): \(name).\(key) is no text") }
            texts[key] = text
        }
        return texts
    }

    /// Throws if a field was never read: its meaning would be ignored silently.
    func checkAllRead() throws(ScenarioError) {
        if let unknown = values.keys.filter({ !read.contains($0) }).sorted().first {
            throw .unsupported("\(owner).\(unknown)")
        }
    }
}
