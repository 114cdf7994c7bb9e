/// Kafka's rule for the names of topics. It holds for everything that topics, directories and groups are named after:
/// operators, stores, the application, its instances. Kafka: `Topic.validate`, `Named.validate`.
package enum KafkaName {
    /// The most characters that a topic's name may have.
    package static let maxLength = 249

    /// The reason why a text is not a valid name, to follow "the name "x" " in a sentence; `nil` if it is valid.
    package static func problem(of name: String) -> String? {
        if name.isEmpty { return "is empty" }
        if name == "." || name == ".." { return "stands for a folder" }
        if let other = name.unicodeScalars.first(where: { !isLegal($0) }) {
            return "has \(describe(other)) in it; letters, digits, '.', '_' and '-' are allowed"
        }
        return lengthProblem(of: name)
    }

    /// The reason why a valid name is too long; `nil` if it is not.
    package static func lengthProblem(of name: String) -> String? {
        name.utf8.count > maxLength ? "has \(name.utf8.count) characters; \(maxLength) are allowed" : nil
    }

    /// The name as it appears in a sentence: in quotes, on one line, and not too long.
    package static func quoted(_ name: String) -> String {
        let shown = name.unicodeScalars.prefix(80).map {
            $0.properties.isPrintable ? String($0) : $0.escaped(asASCII: true)
        }
        return "\"\(shown.joined())\(name.unicodeScalars.count > 80 ? "…" : "")\""
    }

    private static func isLegal(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }

    private static func describe(_ character: Unicode.Scalar) -> String {
        switch character {
        case " ": "a space"
        case "/": "a slash"
        case _ where character.properties.isPrintable: "'\(character)'"
        default: "the character \(character.escaped(asASCII: true))"
        }
    }
}

extension Unicode.Scalar.Properties {
    /// Whether the character is visible and has no other effect on a terminal.
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
        default: true
        }
    }
}
