/// Some entries of a store, copied out of it, so that code that visits them may change the store.
///
/// A walk takes one batch after the other. The first batch has few entries, since many walks end early, and no batch has
/// many bytes: the memory needed does not depend on the number of entries to walk over.
package struct EntryBatch {
    private var limit = 8
    private static let greatestLimit = 256
    private static let sizeLimitInBytes = 1 << 16

    private var bytes: [UInt8] = []
    private var entries: [(keyEnd: Int, valueEnd: Int)] = []

    package init() {}

    /// Begins the next batch. Returns the most entries that it may have.
    package mutating func begin() -> Int {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        defer { limit = min(4 * limit, Self.greatestLimit) }
        return limit
    }

    /// Adds an entry. Returns whether there is room for more bytes.
    package mutating func append(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
        bytes.append(contentsOf: key)
        let keyEnd = bytes.count
        bytes.append(contentsOf: value)
        entries.append((keyEnd, bytes.count))
        return bytes.count < Self.sizeLimitInBytes
    }

    package var count: Int { entries.count }

    /// Calls `body` for each entry until it returns `false`. Returns whether it went to the end.
    package func visit(
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

extension ScannableStore {
    /// Calls `body` for the entries of a range until it returns `false`. `body` may change the store; the walk may or may
    /// not see changes that are still ahead of it.
    package func walk(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        var (lower, upper) = (lower, upper)
        var batch = EntryBatch()
        while true {
            let limit = batch.begin()
            var last: [UInt8]?
            try scan(from: lower, to: upper, reversed: reversed) { key, value in
                if batch.append(key, value), batch.count < limit { return true }
                last = Array(key)
                return false
            }
            guard try batch.visit(body), let last else { return }
            if reversed { upper = last } else { lower = last.successor }
        }
    }
}
