/// The members of a JSON object as they stand in its text: values keep their digits and the order of their members.
struct JSONMembers {
    private var texts: [String: String] = [:]

    /// Takes an object apart; nil if the text is none.
    init?(_ text: String) {
        guard let inside = text.inside("{", "}") else { return nil }
        for member in inside.pieces(at: ",") {
            let parts = member.pieces(at: ":", most: 2)
            guard parts.count == 2, let name = parts[0].inside("\"", "\"") else { return nil }
            texts[name] = parts[1]
        }
    }

    /// The JSON of a member; nil if there is none.
    subscript(name: String) -> String? { texts[name] }

    func integer(_ name: String) -> Int64? { texts[name].flatMap { Int64($0) } }

    func object(_ name: String) -> JSONMembers? { texts[name].flatMap(JSONMembers.init) }

    /// A member that is a text without escapes, such as a name or a token.
    func text(_ name: String) -> String? {
        guard let text = texts[name]?.inside("\"", "\""), !text.contains("\\") else { return nil }
        return text
    }

    /// Returns the elements of an array, as they stand in its text; none if it is no array.
    static func elements(of array: String) -> [String] { array.inside("[", "]")?.pieces(at: ",") ?? [] }
}

extension String {
    /// Returns what stands between two marks at the ends of the text; nil if they do not.
    fileprivate func inside(_ first: Character, _ last: Character) -> String? {
        let text = trimmed
        guard text.count >= 2, text.first == first, text.last == last else { return nil }
        return String(text.dropFirst().dropLast())
    }

    /// Splits JSON at a separator that stands outside of texts, objects and arrays. Nothing but space has no pieces.
    fileprivate func pieces(at separator: Unicode.Scalar, most: Int = .max) -> [String] {
        var pieces: [String] = []
        var piece: [UInt8] = []
        var depth = 0
        var (isInText, isEscaped) = (false, false)
        for byte in utf8 {
            if isInText {
                isInText = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else if depth == 0, byte == UInt8(ascii: separator), pieces.count < most - 1 {
                pieces.append(String(decoding: piece, as: UTF8.self).trimmed)
                piece = []
                continue
            } else {
                isInText = byte == UInt8(ascii: "\"")
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
                if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
            }
            piece.append(byte)
        }
        let last = String(decoding: piece, as: UTF8.self).trimmed
        return last.isEmpty && pieces.isEmpty ? [] : pieces + [last]
    }

    private var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace ?? false { rest.removeFirst() }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }
}
