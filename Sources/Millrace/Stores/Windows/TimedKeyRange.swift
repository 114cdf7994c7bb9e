/// A range of the users' keys in a store where times lie behind the keys.
@usableFromInline
package struct TimedKeyRange {
    private let lower: [UInt8]?
    private let upper: [UInt8]?
    /// The bytes of the times behind a key.
    private let suffixCount: Int

    @usableFromInline
    init(from lower: [UInt8]?, through upper: [UInt8]?, suffixCount: Int) {
        self.lower = lower
        self.upper = upper
        self.suffixCount = suffixCount
    }

    /// Whether a key of the user's is in the range.
    @usableFromInline
    func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        (lower?.withUnsafeBytes { order($0, key) <= 0 } ?? true)
            && (upper?.withUnsafeBytes { order(key, $0) <= 0 } ?? true)
    }

    /// The bounds of the keys with their times, as close as bytes allow. There may be other keys within, for what is behind a
    /// short key can be above a longer one.
    ///
    /// - Parameter latestMs: no entry has a time above.
    @usableFromInline
    func withBounds(
        latestMs: Int64,
        _ body: (_ lower: UnsafeRawBufferPointer?, _ upper: UnsafeRawBufferPointer?) throws -> Void
    ) rethrows {
        try (lower ?? []).withUnsafeBytes { lower in
            guard let upper else { return try body(lower, nil) }
            var times: [UInt8] = []
            times.append(bigEndian: latestMs)
            times += Array(repeating: 0xff, count: suffixCount - times.count)
            // The keys that the highest one begins with are in the range too, each with its times behind it.
            let bounds = (0...upper.count).map { upper.prefix($0) + times }
            let highest = bounds.max { $0.lexicographicallyPrecedes($1) } ?? []
            try highest.withUnsafeBytes { try body(lower, $0) }
        }
    }
}

/// Two keys of the same length in one array, for a range's bounds that outlive the buffer that keys are serialised into.
@usableFromInline
struct KeyPair {
    @usableFromInline var bytes: [UInt8] = []

    @inlinable
    init(_ lower: [UInt8]) {
        bytes.reserveCapacity(2 * lower.count)
        bytes.append(contentsOf: lower)
    }

    @inlinable
    mutating func withUpper(
        _ upper: [UInt8], _ body: (_ lower: UnsafeRawBufferPointer, _ upper: UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        let count = bytes.count
        bytes.append(contentsOf: upper)
        try bytes.withUnsafeBytes { bytes in
            try body(
                UnsafeRawBufferPointer(rebasing: bytes[..<count]), UnsafeRawBufferPointer(rebasing: bytes[count...]))
        }
    }
}
