import Millrace

/// The text of a position as clients send it: `TOPIC-PARTITION@OFFSET,…`, with the characters that Kafka allows in topics. An empty
/// text is the empty position.
enum PositionText {
    /// The same as a regular expression (ECMA 262).
    static let pattern =
        "^([a-zA-Z0-9._-]{1,249}-[0-9]{1,9}@[0-9]{1,18}(,[a-zA-Z0-9._-]{1,249}-[0-9]{1,9}@[0-9]{1,18})*)?$"

    static func isValid(_ text: String) -> Bool {
        if text.isEmpty { return true }
        if text.utf8.count > Parameter.maxPositionCount { return false }
        return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(isPart) && Position(text) != nil
    }

    private static func isPart(_ part: Substring) -> Bool {
        guard let at = part.lastIndex(of: "@"), let dash = part[..<at].lastIndex(of: "-") else { return false }
        let topic = part[..<dash].utf8
        return (1...249).contains(topic.count) && topic.allSatisfy(isOfTopic)
            && isNumber(part[part.index(after: dash)..<at], upTo: 9)
            && isNumber(part[part.index(after: at)...], upTo: 18)
    }

    private static func isNumber(_ text: Substring, upTo maxCount: Int) -> Bool {
        (1...maxCount).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isOfTopic(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
