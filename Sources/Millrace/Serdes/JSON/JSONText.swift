import FoundationEssentials

/// Pieces of JSON as text.
package enum JSONText {
    /// A text in quotes.
    package static func quoted(_ text: String) -> String {
        // Most texts need no escapes.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            return "\"\(text)\""
        }
        var result = "\""
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

    /// A number as Swift writes it; a number that is not finite becomes a text.
    static func number(_ description: String) -> String {
        description.utf8.last.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
            ? description : quoted(description)
    }

    /// Bytes without a better text form.
    static func base64(_ bytes: [UInt8], error: String? = nil) -> String {
        let error = error.map { ", \"$error\": " + quoted($0) } ?? ""
        return "{\"$base64\": \"\(Data(bytes).base64EncodedString())\"\(error)}"
    }

    /// A key in a window, milliseconds since the epoch.
    static func windowed(_ key: String, _ window: Window) -> String {
        "{\"key\": \(key), \"startMs\": \(window.startMs), \"endMs\": \(window.endMs)}"
    }

    /// The bytes that a person has typed, in hexadecimal after `0x` or in Base64 after `base64:`; `nil` for anything else.
    static func bytes(_ text: String) -> [UInt8]? {
        if text.hasPrefix("base64:") { return Data(base64Encoded: String(text.dropFirst(7))).map { Array($0) } }
        guard text.hasPrefix("0x") else { return nil }
        let digits = text.utf8.dropFirst(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count - 2, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Whether bytes are exactly one value of JSON in UTF-8, as RFC 8259 defines it.
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var checker = JSONChecker(bytes: bytes)
        return checker.isOneValue()
    }
}

/// Checks a text against the grammar of JSON.
private struct JSONChecker {
    let bytes: UnsafeRawBufferPointer
    private var position = 0
    private static let maxDepth = 512

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func isOneValue() -> Bool {
        guard value(depth: 0) else { return false }
        skipSpace()
        return position == bytes.count
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0a).contains(byte) || byte == 0x0d { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let wordBytes = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes.dropFirst(position).starts(with: wordBytes) else { return false }
        position += wordBytes.count
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.maxDepth else { return false }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"):
            return list("{", "}") { checker in
                checker.skipSpace()
                guard checker.string() else { return false }
                checker.skipSpace()
                return checker.take(":") && checker.value(depth: depth + 1)
            }
        case UInt8(ascii: "["): return list("[", "]") { $0.value(depth: depth + 1) }
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return take(word: "true")
        case UInt8(ascii: "f"): return take(word: "false")
        case UInt8(ascii: "n"): return take(word: "null")
        default: return number()
        }
    }

    private mutating func list(
        _ begin: Unicode.Scalar, _ end: Unicode.Scalar, _ element: (inout JSONChecker) -> Bool
    ) -> Bool {
        guard take(begin) else { return false }
        skipSpace()
        if take(end) { return true }
        repeat {
            guard element(&self) else { return false }
            skipSpace()
        } while take(",")
        return take(end)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = next {
            position += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte < 0x20 { return false }
            guard byte == UInt8(ascii: "\\") else { continue }
            guard let escaped = next else { return false }
            position += 1
            if escaped == UInt8(ascii: "u") {
                let digits = bytes.dropFirst(position).prefix(4)
                guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
                    return false
                }
                position += 4
            } else if !"\"\\/bfnrt".utf8.contains(escaped) {
                return false
            }
        }
        return false
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0"), !digits() { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return digits()
        }
        return true
    }
}
