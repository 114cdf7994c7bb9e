/// A value in a JSON text, as its bytes.
struct JSONPiece {
    /// The kinds of values.
    enum Kind {
        case text
        case number
        case boolean
        case null
        case object
        case array
    }

    var kind: Kind
    /// The value's bytes, of a text with its quotes.
    var bytes: UnsafeRawBufferPointer
    /// Whether a text has escapes.
    var hasEscapes = false

    /// The bytes of a text without its quotes.
    var inner: UnsafeRawBufferPointer {
        bytes.count < 2 ? bytes : UnsafeRawBufferPointer(rebasing: bytes[1..<(bytes.count - 1)])
    }
}

/// Goes through a JSON text once, without building a tree: values stay bytes of the text, so that numbers lose nothing.
struct JSONObjectScanner {
    /// A text that is not JSON.
    struct Problem: Error {
        let reason: String
    }

    private let text: UnsafeRawBufferPointer
    private var index = 0
    /// Deeper values are refused, because each level takes stack.
    private static let maxDepth = 256

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Calls a closure with each member of the object that the text is.
    ///
    /// - Throws: `Problem`; what the closure throws.
    mutating func forEachMember(_ body: (_ name: JSONPiece, _ value: JSONPiece) throws -> Void) throws {
        try members(depth: 0, body)
        try end()
    }

    /// Calls a closure with each element of the array that the text is.
    ///
    /// - Throws: `Problem`; what the closure throws.
    mutating func forEachElement(_ body: (JSONPiece) throws -> Void) throws {
        try elements(depth: 0, body)
        try end()
    }

    /// Returns the one value that the text is.
    ///
    /// - Throws: `Problem`.
    mutating func onlyValue() throws -> JSONPiece {
        let value = try value(depth: 0)
        try end()
        return value
    }

    private mutating func end() throws {
        skipSpace()
        if index != text.count { throw Problem(reason: "it goes on after its end") }
    }

    private mutating func skipSpace() {
        while index < text.count {
            let byte = text[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    private mutating func next() throws -> UInt8 {
        skipSpace()
        guard index < text.count else { throw Problem(reason: "it ends too early") }
        return text[index]
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws {
        guard try next() == UInt8(truncatingIfNeeded: byte.value) else {
            throw Problem(reason: "there is no \"\(byte)\" at byte \(index)")
        }
        index += 1
    }

    private mutating func members(depth: Int, _ body: (JSONPiece, JSONPiece) throws -> Void) throws {
        try expect("{")
        if try next() == UInt8(ascii: "}") {
            index += 1
            return
        }
        while true {
            skipSpace()
            let name = try string()
            try expect(":")
            try body(name, value(depth: depth + 1))
            if try next() == UInt8(ascii: ",") {
                index += 1
            } else {
                return try expect("}")
            }
        }
    }

    private mutating func elements(depth: Int, _ body: (JSONPiece) throws -> Void) throws {
        try expect("[")
        if try next() == UInt8(ascii: "]") {
            index += 1
            return
        }
        while true {
            try body(value(depth: depth + 1))
            if try next() == UInt8(ascii: ",") {
                index += 1
            } else {
                return try expect("]")
            }
        }
    }

    private mutating func value(depth: Int) throws -> JSONPiece {
        let first = try next()
        let start = index
        switch first {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "{"):
            guard depth < Self.maxDepth else { throw Problem(reason: "it is nested too deeply") }
            try members(depth: depth) { _, _ in }
            return piece(.object, from: start)
        case UInt8(ascii: "["):
            guard depth < Self.maxDepth else { throw Problem(reason: "it is nested too deeply") }
            try elements(depth: depth) { _ in }
            return piece(.array, from: start)
        case UInt8(ascii: "t"): return try word("true", .boolean)
        case UInt8(ascii: "f"): return try word("false", .boolean)
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private func piece(_ kind: JSONPiece.Kind, from start: Int) -> JSONPiece {
        JSONPiece(kind: kind, bytes: UnsafeRawBufferPointer(rebasing: text[start..<index]))
    }

    private mutating func word(_ word: StaticString, _ kind: JSONPiece.Kind) throws -> JSONPiece {
        let start = index
        let count = word.utf8CodeUnitCount
        let isSame = word.withUTF8Buffer { text[index...].prefix(count).elementsEqual($0) }
        guard isSame else { throw Problem(reason: "there is no value at byte \(index)") }
        index += count
        return piece(kind, from: start)
    }

    private mutating func digits() throws {
        let start = index
        while index < text.count, text[index] >= 0x30, text[index] <= 0x39 { index += 1 }
        if index == start { throw Problem(reason: "there is no value at byte \(index)") }
    }

    private mutating func number() throws -> JSONPiece {
        let start = index
        if text[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        try digits()
        if index > first + 1, text[first] == UInt8(ascii: "0") {
            throw Problem(reason: "a number at byte \(start) begins with 0")
        }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        return piece(.number, from: start)
    }

    private mutating func string() throws -> JSONPiece {
        let start = index
        guard index < text.count, text[index] == UInt8(ascii: "\"") else {
            throw Problem(reason: "there is no text at byte \(index)")
        }
        index += 1
        var hasEscapes = false
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""):
                index += 1
                var piece = piece(.text, from: start)
                piece.hasEscapes = hasEscapes
                return piece
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index += 2
            case 0..<0x20: throw Problem(reason: "a text has a control character at byte \(index)")
            default: index += 1
            }
        }
        throw Problem(reason: "a text at byte \(start) does not end")
    }
}

extension JSONPiece {
    /// Returns the bytes that a text means.
    ///
    /// - Throws: `JSONObjectScanner.Problem` for an escape that is none.
    func unescaped() throws -> [UInt8] {
        let inner = inner
        if !hasEscapes { return Array(inner) }
        var output: [UInt8] = []
        output.reserveCapacity(inner.count)
        var index = inner.startIndex
        while index < inner.endIndex {
            let byte = inner[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            guard index < inner.endIndex else { throw Self.strange }
            let escape = inner[index]
            index += 1
            if escape == UInt8(ascii: "u") {
                try Self.append(unicode: inner, at: &index, to: &output)
            } else if let meaning = Self.escapes[escape] {
                output.append(meaning)
            } else {
                throw Self.strange
            }
        }
        return output
    }

    private static let strange = JSONObjectScanner.Problem(reason: "a text has an escape that JSON does not know")

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"),
        UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
    ]

    /// Appends the character of `\uXXXX`, of which the digits come next, and of the second half of a pair.
    private static func append(
        unicode bytes: UnsafeRawBufferPointer, at index: inout Int, to output: inout [UInt8]
    ) throws {
        func unit() throws -> UInt32 {
            let digits = bytes[index...].prefix(4)
            guard digits.count == 4 else { throw strange }
            index += 4
            return try digits.reduce(0) { value, digit in
                guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else { throw strange }
                return value << 4 | UInt32(number)
            }
        }
        var value = try unit()
        if value >> 10 == 0x36 {
            guard bytes[index...].prefix(2).elementsEqual("\\u".utf8) else { throw strange }
            index += 2
            let low = try unit()
            guard low >> 10 == 0x37 else { throw strange }
            value = 0x10000 + (value & 0x3FF) << 10 + (low & 0x3FF)
        }
        guard let scalar = Unicode.Scalar(value) else { throw strange }
        output.append(contentsOf: String(scalar).utf8)
    }
}
