import Millrace

/// The predicates and mappers that scenarios name, over text keys and values as Java's strings behave.
///
/// A name may carry an argument after a colon: `append:x`.
enum Functions {
    typealias Text = Record<String, String>

    static func predicate(_ name: String) throws -> @Sendable (_ key: String?, _ value: String?) -> Bool {
        let (function, argument) = split(name)
        switch function {
        case "valueContains": return { $1?.contains(substring: argument) ?? false }
        case "valueLenGt":
            guard let limit = Int(argument) else { throw ScenarioError.malformed("predicate \(name)") }
            return { _, value in value.map { $0.utf16.count > limit } ?? false }
        case "keyIs": return { key, _ in key == argument }
        case "keyContains": return { key, _ in key?.contains(substring: argument) ?? false }
        case "valueIsNull": return { _, value in value == nil }
        case "keyIsNull": return { key, _ in key == nil }
        case "all": return { _, _ in true }
        case "none": return { _, _ in false }
        default: throw ScenarioError.unsupported("predicate \(function)")
        }
    }

    static func valueMapper(_ name: String) throws -> @Sendable (String?) -> String? {
        let (function, argument) = split(name)
        switch function {
        case "upper": return { $0?.uppercased() }
        case "append": return { $0.map { $0 + argument } }
        case "prepend": return { $0.map { argument + $0 } }
        case "len": return { $0.map { String($0.utf16.count) } }
        case "first": return { $0.map { $0.firstUnit ?? "" } }
        case "null": return { _ in nil }
        case "nullIf": return { $0.flatMap { $0.contains(substring: argument) ? nil : $0 } }
        case "orElse": return { $0 ?? argument }
        case "id": return { $0 }
        default: throw ScenarioError.unsupported("value mapper \(function)")
        }
    }

    static func keyMapper(_ name: String) throws -> @Sendable (_ key: String?, _ value: String?) -> String? {
        let (function, argument) = split(name)
        switch function {
        case "value": return { $1 }
        case "valueFirst": return { $1?.firstUnit }
        case "valueBefore": return { _, value in value?.part(before: argument) }
        case "keyFirst": return { key, _ in key?.firstUnit }
        case "prefixKey": return { key, _ in key.map { argument + $0 } }
        case "const": return { _, _ in argument }
        case "null": return { _, _ in nil }
        case "key": return { key, _ in key }
        default: throw ScenarioError.unsupported("key mapper \(function)")
        }
    }

    /// The parts between commas as Java's `String.split` gives them: trailing empty ones are dropped, but an empty text
    /// gives one empty part.
    static func parts(_ text: String) -> [String] {
        if text.isEmpty { return [""] }
        var parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        while parts.last == "" { parts.removeLast() }
        return parts
    }

    private static func split(_ name: String) -> (function: String, argument: String) {
        guard let colon = name.firstIndex(of: ":") else { return (name, "") }
        return (String(name[..<colon]), String(name[name.index(after: colon)...]))
    }
}

extension String {
    /// The first of Java's `char`s. Half of a surrogate pair becomes a question mark, as in Java's encoder.
    fileprivate var firstUnit: String? {
        utf16.first.map { UTF16.isSurrogate($0) ? "?" : String(decoding: [$0], as: UTF16.self) }
    }

    /// Whether the text contains another one, code unit by code unit. Every text contains the empty text.
    fileprivate func contains(substring: String) -> Bool { position(of: substring) != nil }

    fileprivate func part(before separator: String) -> String? {
        position(of: separator).flatMap { String(self[..<$0]) }
    }

    private func position(of substring: String) -> String.Index? {
        let pattern = Array(substring.utf8)
        var index = startIndex
        while true {
            if utf8[index...].starts(with: pattern) { return index }
            if index == endIndex { return nil }
            index = utf8.index(after: index)
        }
    }
}
