import Millrace

/// JSON as text. What serdes render is passed on as it is.
enum JSON {
    static func quoted(_ text: String) -> String { JSONText.quoted(text) }

    /// An object of members whose values are JSON; those without a value are left out.
    static func object(_ members: [(String, String?)]) -> String {
        "{" + members.compactMap { name, value in value.map { "\(quoted(name)): \($0)" } }.joined(separator: ", ") + "}"
    }

    static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ", ") + "]" }

    /// Adds members to the text of an object that has some already.
    static func object(_ object: String, adding members: [(String, String?)]) -> String {
        guard object.utf8.last == UInt8(ascii: "}") else { return object }
        var text = String(object[..<object.utf8.index(before: object.utf8.endIndex)])
        for case (let name, let value?) in members { text += ", \(quoted(name)): \(value)" }
        text += "}"
        return text
    }
}
