/// JSON as text. What serdes render is passed on as it is.
enum JSON {
    static func quoted(_ text: String) -> String {
        var result = "\""
        result.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// An object of members whose values are JSON; those without a value are left out.
    static func object(_ members: [(String, String?)]) -> String {
        "{" + members.compactMap { name, value in value.map { "\(quoted(name)): \($0)" } }.joined(separator: ", ") + "}"
    }

    static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ", ") + "]" }

    /// Adds members to the text of an object that has some already.
    static func object(_ object: String, adding members: [(String, String?)]) -> String {
        let added = members.compactMap { name, value in value.map { ", \(quoted(name)): \($0)" } }.joined()
        return object.hasSuffix("}") ? object.dropLast() + added + "}" : object
    }
}
