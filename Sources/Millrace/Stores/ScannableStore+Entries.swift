extension ScannableStore {
    /// The first entries of a range, or the last ones in reverse order, read before the call returns.
    func entries<Entry>(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool, limit: Int,
        _ decode: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Entry
    ) throws -> [Entry] {
        guard limit > 0 else { return [] }
        var entries: [Entry] = []
        try scan(from: lower, to: upper, reversed: reversed) { key, value in
            entries.append(try decode(key, value))
            return entries.count < limit
        }
        return entries
    }

    func countEntries() throws -> Int {
        var count = 0
        try scan(from: nil, to: nil) { _, _ in
            count += 1
            return true
        }
        return count
    }
}

extension [UInt8] {
    /// The lowest bytes above these.
    var successor: [UInt8] { self + [0] }

    /// The lowest bytes above all bytes that begin with these; `nil` if there are none.
    var endOfPrefix: [UInt8]? {
        var end = self
        while let last = end.popLast() {
            if last < 0xff { return end + [last + 1] }
        }
        return nil
    }
}
