/// Some entries of a store, copied out of it, so that whoever looks at them may change the store.
///
/// A walk takes one batch after the other, few entries at first, for many walks end soon, and never many bytes: what it
/// needs of memory does not depend on how much there is to walk over.
package struct EntryBatch {
    private var limit = 8
    private static let greatestLimit = 256
    private static let sizeLimitInBytes = 1 << 16

    private var bytes: [UInt8] = []
    private var entries: [(keyEnd: Int, valueEnd: Int)] = []

    package init() {}

    /// Begins the next batch. Returns how many entries it is to have at most.
    package mutating func begin() -> Int {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        defer { limit = min(4 * limit, Self.greatestLimit) }
        return limit
    }

    /// Takes an entry. Returns whether there is room for more, as far as bytes go.
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
    /// Calls `body` for the entries of a range until it returns `false`. `body` may change the store: what it puts behind the
    /// place of the walk may be seen or not.
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
