import Millrace

/// Some entries of an ordered store, copied out of it, so that whoever looks at them may change the store.
struct EntryBatch {
    /// How many entries are taken at once: few at first, for many walks end soon.
    private var limit = 8
    private static let greatestLimit = 256

    private var bytes: [UInt8] = []
    private var entries: [(keyEnd: Int, valueEnd: Int)] = []

    /// Takes the first entries of a range.
    ///
    /// - Parameters:
    ///   - map: what is in memory; it hides what is on disk.
    ///   - disk: the store below; `nil` where all of the range is in memory.
    /// - Returns: where to go on; `nil` at the end of the range.
    mutating func fill(
        from lower: [UInt8], to upper: [UInt8], of map: borrowing OrderedByteMap, over disk: (any PersistentStore)?
    ) throws -> [UInt8]? {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        let limit = limit
        self.limit = min(4 * limit, Self.greatestLimit)
        var changes: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)] = []
        var place = lower.withUnsafeBytes { map.lowerBound($0) }
        var rest: [UInt8]?
        upper.withUnsafeBytes { upper in
            while map.isValid(place), order(map.key(at: place), upper) < 0 {
                if changes.count == limit {
                    rest = Array(map.key(at: place))
                    return
                }
                changes.append((map.key(at: place), map.value(at: place)))
                place = map.next(place)
            }
        }
        guard let disk else {
            for change in changes {
                if let value = change.value { append(change.key, value) }
            }
            return rest
        }
        try disk.scan(from: lower, to: rest ?? upper, under: changes) { key, value in
            append(key, value)
            guard entries.count == limit else { return true }
            rest = Array(key) + [0]
            return false
        }
        return rest
    }

    private mutating func append(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: key)
        let keyEnd = bytes.count
        bytes.append(contentsOf: value)
        entries.append((keyEnd, bytes.count))
    }

    /// Calls `body` for each entry until it returns `false`. Returns whether it went to the end.
    func visit(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            for entry in entries {
                let key = UnsafeRawBufferPointer(rebasing: bytes[start..<entry.keyEnd])
                let value = UnsafeRawBufferPointer(rebasing: bytes[entry.keyEnd..<entry.valueEnd])
                if try !body(key, value) { return false }
                start = entry.valueEnd
            }
            return true
        }
    }
}
