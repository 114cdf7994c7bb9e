/// A range of the users' keys in a store in which times follow the keys.
struct TimedKeyRange {
    private let lower: [UInt8]?
    private let upper: [UInt8]?
    /// The number of bytes of the times after a key.
    private let suffixCount: Int

    init(from lower: [UInt8]?, through upper: [UInt8]?, suffixCount: Int) {
        self.lower = lower
        self.upper = upper
        self.suffixCount = suffixCount
    }

    /// Whether a key of the user's is in the range.
    private func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        (lower?.withUnsafeBytes { order($0, key) <= 0 } ?? true)
            && (upper?.withUnsafeBytes { order(key, $0) <= 0 } ?? true)
    }

    /// Calls `body` for the entries of a store whose keys are in this range and whose times are in another one, until it
    /// returns `false`.
    ///
    /// - Parameters:
    ///   - byTime: whether the order is that of time, for a store with an index by time.
    ///   - body: gets the user's key, the whole key and the value.
    func scan(
        _ store: any OrderedBytesStore, times: ClosedRange<Int64>, byTime: Bool, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ timed: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer)
            throws -> Bool
    ) throws {
        func visit(_ timed: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool {
            let key = UnsafeRawBufferPointer(rebasing: timed.dropLast(suffixCount))
            return contains(key) ? try body(key, timed, value) : true
        }
        if byTime { return try store.scanByTime(times, reversed: reversed, visit) }
        try withBounds(latestMs: min(times.upperBound, store.streamTimeMs)) { lower, upper in
            try store.scan(times: times, from: lower, through: upper, reversed: reversed, visit)
        }
    }

    /// Calls `body` with the bounds of the keys with their times, as close as bytes allow. Other keys may be within them, since the
    /// bytes after a short key can be above a longer one.
    ///
    /// - Parameter latestMs: the highest time of any entry.
    private func withBounds(
        latestMs: Int64,
        _ body: (_ lower: UnsafeRawBufferPointer?, _ upper: UnsafeRawBufferPointer?) throws -> Void
    ) rethrows {
        try (lower ?? []).withUnsafeBytes { lower in
            guard let upper else { return try body(lower, nil) }
            var times: [UInt8] = []
            times.append(bigEndian: latestMs)
            times += Array(repeating: 0xff, count: suffixCount - times.count)
            // The keys that are prefixes of the highest one are in the range too, each with its times after it.
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
