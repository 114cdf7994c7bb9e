/// The first line of a value: its kind and, for most kinds, a number.
///
/// The format: Redis' documentation, "Redis serialization protocol specification".
struct RedisLine {
    /// The largest value that Redis itself takes, `proto-max-bulk-len`.
    static let maxSizeInBytes: Int64 = 512 << 20
    private static let maxLineSize = 64 * 1_024

    var kind: UInt8
    /// The size of a text in bytes, the number of an array's elements, or the number that the value is; 0 for other kinds.
    var number: Int64
    /// The place of the first byte after the kind.
    var begin: Int
    /// The place after the line.
    var end: Int

    /// The bytes between the kind and the line's end.
    var words: Range<Int> { begin..<(end - 2) }

    /// Whether elements follow.
    var hasElements: Bool {
        switch kind {
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"): true
        default: false
        }
    }

    /// Whether bytes follow, as many as the number.
    var hasBytes: Bool { kind == UInt8(ascii: "$") || kind == UInt8(ascii: "=") || kind == UInt8(ascii: "!") }

    /// Whether the value is null.
    var isNull: Bool { kind == UInt8(ascii: "_") || (number == -1 && (hasElements || hasBytes)) }

    /// The number of values that belong to this one; an attribute has the value that it describes as its last.
    var elementCount: Int {
        switch kind {
        case UInt8(ascii: "%"): Int(number) * 2
        case UInt8(ascii: "|"): Int(number) * 2 + 1
        default: Int(number)
        }
    }

    /// Reads the line at a place; `nil` if it is not there as a whole.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    init?(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(RedisError) {
        guard place < bytes.count else { return nil }
        (kind, number, begin, end) = (bytes[place], 0, place + 1, place + 1)
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: "_"), UInt8(ascii: "#"),
            UInt8(ascii: ","):
            guard try findEnd(bytes) else { return nil }
        case UInt8(ascii: ":"): guard try readNumber(bytes) else { return nil }
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            guard try readNumber(bytes) else { return nil }
            try check("a text has \(number) bytes")
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"):
            guard try readNumber(bytes) else { return nil }
            try check("an array has \(number) elements")
        default: throw .protocolProblem("a value begins with \(Unicode.Scalar(kind).escaped(asASCII: true))")
        }
    }

    private func check(_ words: @autoclosure () -> String) throws(RedisError) {
        guard (-1...Self.maxSizeInBytes).contains(number) else { throw .protocolProblem(words()) }
    }

    /// - Returns: whether the line has an end.
    private mutating func findEnd(_ bytes: UnsafeRawBufferPointer) throws(RedisError) -> Bool {
        let rest = bytes[begin..<min(bytes.count, begin + Self.maxLineSize)]
        guard let last = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            if rest.count == Self.maxLineSize { throw .protocolProblem("a line has no end") }
            return false
        }
        guard last > begin, bytes[last - 1] == UInt8(ascii: "\r") else {
            throw .protocolProblem("a line does not end where it should")
        }
        end = last + 1
        return true
    }

    /// - Returns: whether the line has an end.
    private mutating func readNumber(_ bytes: UnsafeRawBufferPointer) throws(RedisError) -> Bool {
        var place = begin
        var isNegative = false
        if place < bytes.count, bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") {
            isNegative = bytes[place] == UInt8(ascii: "-")
            place += 1
        }
        let first = place
        // Eighteen digits cannot overflow.
        while place < bytes.count, place - first < 18, case let digit = bytes[place] &- UInt8(ascii: "0"), digit < 10 {
            number = number &* 10 &+ Int64(digit)
            place += 1
        }
        if place < bytes.count, place > first, bytes[place] == UInt8(ascii: "\r") {
            guard place + 1 < bytes.count else { return false }
            if bytes[place + 1] == UInt8(ascii: "\n") {
                if isNegative { number = -number }
                end = place + 2
                return true
            }
        }
        guard try findEnd(bytes) else { return false }
        let words = String(decoding: bytes[self.words], as: UTF8.self)
        guard let number = Int64(words) else { throw .protocolProblem("\(words.prefix(20)) is not a number") }
        self.number = number
        return true
    }
}
