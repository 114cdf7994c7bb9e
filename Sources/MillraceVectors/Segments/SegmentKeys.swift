/// The keys of a segment's rows as flat sections, which lead from a row to its key and from a key to its row.
///
/// - `offsets`: for each row the place of its key in `bytes`, and the end of the last one: UInt64.
/// - `bytes`: the keys, one after the other.
/// - `table`: a hash table with open addressing: UInt32, a row and one, or 0 for an empty place. Its size is a power of two and at least
///   twice the number of rows.
struct SegmentKeys {
    let count: Int
    let seed: UInt64
    let offsets: UnsafeRawBufferPointer
    let bytes: UnsafeRawBufferPointer
    let table: UnsafeRawBufferPointer

    /// Checks the sections' sizes. What they contain is checked where it is read.
    init?(
        count: Int, seed: UInt64, offsets: UnsafeRawBufferPointer, bytes: UnsafeRawBufferPointer,
        table: UnsafeRawBufferPointer
    ) {
        guard count >= 0, offsets.count == (count + 1) * 8, table.count == Self.tableCount(for: count) * 4 else {
            return nil
        }
        self.count = count
        self.seed = seed
        self.offsets = offsets
        self.bytes = bytes
        self.table = table
    }

    /// The number of places for a number of keys.
    static func tableCount(for count: Int) -> Int {
        var size = 16
        while size < 2 * count { size *= 2 }
        return size
    }

    /// Returns the key of a row; empty if the sections are damaged.
    func key(_ row: Int) -> UnsafeRawBufferPointer {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard (0..<count).contains(row) else { return none }
        let start = offsets.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self)
        let end = offsets.loadUnaligned(fromByteOffset: row * 8 + 8, as: UInt64.self)
        guard start <= end, end <= UInt64(bytes.count) else { return none }
        return UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)])
    }

    /// Returns the row of a key; `nil` if there is none.
    func row(of key: UnsafeRawBufferPointer) -> Int? {
        let mask = table.count / 4 - 1
        var place = Int(truncatingIfNeeded: KeyHash.hash(key, seed: seed)) & mask
        for _ in 0...mask {
            let entry = table.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self)
            if entry == 0 { return nil }
            let row = Int(entry) - 1
            if row < count, equal(self.key(row), key) { return row }
            place = (place + 1) & mask
        }
        return nil
    }
}

/// The keys of a segment that is being made. Each key is there once.
struct NewSegmentKeys {
    let seed: UInt64
    private(set) var offsets: [UInt64] = [0]
    private(set) var bytes: [UInt8] = []

    init(seed: UInt64) { self.seed = seed }

    var count: Int { offsets.count - 1 }

    mutating func append(_ key: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: key)
        offsets.append(UInt64(bytes.count))
    }

    /// Returns the hash table of the keys.
    func table() -> [UInt32] {
        var table = [UInt32](repeating: 0, count: SegmentKeys.tableCount(for: count))
        let mask = table.count - 1
        bytes.withUnsafeBytes { bytes in
            for row in 0..<count {
                let key = UnsafeRawBufferPointer(rebasing: bytes[Int(offsets[row])..<Int(offsets[row + 1])])
                var place = Int(truncatingIfNeeded: KeyHash.hash(key, seed: seed)) & mask
                while table[place] != 0 { place = (place + 1) & mask }
                table[place] = UInt32(row + 1)
            }
        }
        return table
    }
}

/// Whether two runs of bytes are the same.
func equal(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
    first.count == second.count && first.elementsEqual(second)
}
