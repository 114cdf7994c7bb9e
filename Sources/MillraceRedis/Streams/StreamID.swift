/// The id of an entry of a stream: a time and a number, as in `1526919030474-55`.
struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
    var ms: UInt64
    var number: UInt64

    /// The id before all entries.
    static let zero = StreamID(ms: 0, number: 0)

    init(ms: UInt64, number: UInt64) { (self.ms, self.number) = (ms, number) }

    /// Reads an id as Redis writes it; `nil` for anything else.
    init?(_ text: some StringProtocol) {
        self.init(bytes: text.utf8)
    }

    /// Reads an id as Redis writes it; `nil` for anything else.
    init?(bytes: some Sequence<UInt8>) {
        var parts: (UInt64, UInt64) = (0, 0)
        var (digits, hasDash) = (0, false)
        for byte in bytes {
            if byte == UInt8(ascii: "-"), !hasDash, digits > 0 {
                (parts, hasDash, digits) = ((parts.1, 0), true, 0)
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (product, overflows) = parts.1.multipliedReportingOverflow(by: 10)
            let (sum, carries) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            if overflows || carries { return nil }
            parts.1 = sum
            digits += 1
        }
        guard hasDash, digits > 0 else { return nil }
        self.init(ms: parts.0, number: parts.1)
    }

    var description: String { "\(ms)-\(number)" }

    /// The id after this one; the same if there is none.
    var next: StreamID {
        if number < .max { return StreamID(ms: ms, number: number + 1) }
        return ms < .max ? StreamID(ms: ms + 1, number: 0) : self
    }

    static func < (left: StreamID, right: StreamID) -> Bool { (left.ms, left.number) < (right.ms, right.number) }
}
