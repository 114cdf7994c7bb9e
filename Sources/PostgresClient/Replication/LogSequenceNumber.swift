/// A position in PostgreSQL's write-ahead log: a number of bytes since the database's beginning.
package struct LogSequenceNumber: Sendable, Hashable, Comparable, RawRepresentable, CustomStringConvertible {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Reads a position as PostgreSQL writes it, such as `16/B374D848`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let high = UInt32(parts[0], radix: 16), let low = UInt32(parts[1], radix: 16) else {
            return nil
        }
        self.init(rawValue: UInt64(high) << 32 | UInt64(low))
    }

    /// The position as PostgreSQL writes it.
    package var description: String {
        String(rawValue >> 32, radix: 16, uppercase: true) + "/"
            + String(rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }

    package static func < (left: LogSequenceNumber, right: LogSequenceNumber) -> Bool { left.rawValue < right.rawValue }
}
