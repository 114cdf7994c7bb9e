/// A map from bytes to bytes in the order of its keys.
///
/// The entries are in chunks of bounded size, which form a B-tree of two levels: a binary search finds the chunk, another
/// one the entry in it. Each entry owns one block of memory with the key and, after it, the value, which has room to grow. A
/// caller may keep a mark with each entry.
package struct OrderedByteMap: ~Copyable {
    private struct Entry {
        var block: UnsafeMutableRawPointer
        var keyCount: Int
        /// −1 for an entry that stands for a deleted key.
        var valueCount: Int
        var valueCapacity: Int
        var isMarked: Bool

        var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: block, count: keyCount) }

        var value: UnsafeRawBufferPointer? {
            valueCount < 0 ? nil : UnsafeRawBufferPointer(start: block + keyCount, count: valueCount)
        }
    }

    /// The position of an entry, valid until an entry is inserted or removed.
    package struct Position: Hashable {
        fileprivate var chunk: Int
        fileprivate var index: Int
    }

    private var chunks: [[Entry]] = []
    package private(set) var count = 0
    /// The number of entries that stand for deleted keys.
    private var deletedCount = 0
    /// The approximate memory that the entries take.
    package private(set) var sizeInBytes = 0

    private static let chunkLimit = 128
    private static let entryOverheadInBytes = MemoryLayout<Entry>.stride + 24

    package init() {}

    deinit {
        for chunk in chunks { for entry in chunk { entry.block.deallocate() } }
    }

    // MARK: Finding

    /// The position of a key, or `nil`.
    package func find(_ key: UnsafeRawBufferPointer) -> Position? {
        let position = lowerBound(key)
        guard isValid(position), order(chunks[position.chunk][position.index].key, key) == 0 else { return nil }
        return position
    }

    /// Returns the position of the first entry whose key is not below a bound, or the position after the last entry if there
    /// is none.
    package func lowerBound(_ key: UnsafeRawBufferPointer) -> Position {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if order(chunks[middle][chunks[middle].count - 1].key, key) < 0 { low = middle + 1 } else { high = middle }
        }
        guard low < chunks.count else { return Position(chunk: chunks.count, index: 0) }
        let chunk = low
        low = 0
        high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            if order(chunks[chunk][middle].key, key) < 0 { low = middle + 1 } else { high = middle }
        }
        return Position(chunk: chunk, index: low)
    }

    package var first: Position { Position(chunk: 0, index: 0) }

    /// The position after the last entry.
    package var end: Position { Position(chunk: chunks.count, index: 0) }

    /// Whether there is an entry at a position.
    package func isValid(_ position: Position) -> Bool {
        position.chunk < chunks.count && position.index < chunks[position.chunk].count
    }

    package func next(_ position: Position) -> Position {
        position.index + 1 < chunks[position.chunk].count
            ? Position(chunk: position.chunk, index: position.index + 1) : Position(chunk: position.chunk + 1, index: 0)
    }

    /// The position before one; `nil` before the first entry.
    package func previous(_ position: Position) -> Position? {
        if position.index > 0 { return Position(chunk: position.chunk, index: position.index - 1) }
        guard position.chunk > 0 else { return nil }
        return Position(chunk: position.chunk - 1, index: chunks[position.chunk - 1].count - 1)
    }

    package func key(at position: Position) -> UnsafeRawBufferPointer { chunks[position.chunk][position.index].key }

    /// The value at a position; `nil` for a deleted key.
    package func value(at position: Position) -> UnsafeRawBufferPointer? {
        chunks[position.chunk][position.index].value
    }

    package func isMarked(_ position: Position) -> Bool { chunks[position.chunk][position.index].isMarked }

    package mutating func setMark(_ position: Position, _ isMarked: Bool) {
        chunks[position.chunk][position.index].isMarked = isMarked
    }

    // MARK: Changing

    /// Sets the value of a key; `nil` records that the key is deleted. Returns the position of the entry.
    @discardableResult
    package mutating func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?) -> Position {
        let position = lowerBound(key)
        if isValid(position), order(chunks[position.chunk][position.index].key, key) == 0 {
            overwrite(position, with: value)
            return position
        }
        return insert(key, value, at: position)
    }

    /// Removes an entry.
    package mutating func remove(at position: Position) {
        let entry = chunks[position.chunk].remove(at: position.index)
        release(entry)
        if chunks[position.chunk].isEmpty { chunks.remove(at: position.chunk) }
    }

    /// Removes the entries from a key up to but excluding another one.
    package mutating func removeAll(from lower: UnsafeRawBufferPointer, to upper: UnsafeRawBufferPointer) {
        removeAll(from: lower, to: upper) { _ in true }
    }

    /// Removes the entries within bounds that are not marked.
    package mutating func removeUnmarked(from lower: UnsafeRawBufferPointer, to upper: UnsafeRawBufferPointer) {
        removeAll(from: lower, to: upper) { !$0.isMarked }
    }

    /// Removes the entries of deleted keys that are not marked.
    package mutating func removeDeleted() {
        guard deletedCount > 0 else { return }
        for chunk in chunks.indices where chunks[chunk].contains(where: { $0.valueCount < 0 && !$0.isMarked }) {
            for entry in chunks[chunk] where entry.valueCount < 0 && !entry.isMarked { release(entry) }
            chunks[chunk].removeAll { $0.valueCount < 0 && !$0.isMarked }
        }
        chunks.removeAll(where: \.isEmpty)
    }

    package mutating func removeAll() {
        for chunk in chunks { for entry in chunk { entry.block.deallocate() } }
        chunks.removeAll()
        count = 0
        deletedCount = 0
        sizeInBytes = 0
    }

    private mutating func removeAll(
        from lower: UnsafeRawBufferPointer, to upper: UnsafeRawBufferPointer, where isToGo: (Entry) -> Bool
    ) {
        let start = lowerBound(lower)
        let end = lowerBound(upper)
        guard start.chunk < chunks.count else { return }
        for chunk in start.chunk...min(end.chunk, chunks.count - 1) {
            let from = chunk == start.chunk ? start.index : 0
            let to = chunk == end.chunk ? end.index : chunks[chunk].count
            guard from < to else { continue }
            var kept: [Entry] = []
            for (index, entry) in chunks[chunk].enumerated() {
                if (from..<to).contains(index), isToGo(entry) { release(entry) } else { kept.append(entry) }
            }
            chunks[chunk] = kept
        }
        chunks.removeAll(where: \.isEmpty)
    }

    private mutating func release(_ entry: Entry) {
        entry.block.deallocate()
        count -= 1
        if entry.valueCount < 0 { deletedCount -= 1 }
        sizeInBytes -= Self.entryOverheadInBytes + entry.keyCount + entry.valueCapacity
    }

    private mutating func insert(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?, at position: Position
    ) -> Position {
        let capacity = value?.count ?? 0
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(1, key.count + capacity), alignment: 8)
        block.copyBytes(of: key)
        if let value { (block + key.count).copyBytes(of: value) }
        let entry = Entry(
            block: block, keyCount: key.count, valueCount: value?.count ?? -1, valueCapacity: capacity, isMarked: false)
        count += 1
        if value == nil { deletedCount += 1 }
        sizeInBytes += Self.entryOverheadInBytes + key.count + capacity
        if position.chunk == chunks.count {
            guard let last = chunks.indices.last, chunks[last].count < Self.chunkLimit else {
                chunks.append([entry])
                return Position(chunk: chunks.count - 1, index: 0)
            }
            chunks[last].append(entry)
            return Position(chunk: last, index: chunks[last].count - 1)
        }
        chunks[position.chunk].insert(entry, at: position.index)
        guard chunks[position.chunk].count > Self.chunkLimit else { return position }
        let half = chunks[position.chunk].count / 2
        chunks.insert(Array(chunks[position.chunk][half...]), at: position.chunk + 1)
        chunks[position.chunk].removeSubrange(half...)
        return position.index < half ? position : Position(chunk: position.chunk + 1, index: position.index - half)
    }

    private mutating func overwrite(_ position: Position, with value: UnsafeRawBufferPointer?) {
        var entry = chunks[position.chunk][position.index]
        deletedCount += (value == nil ? 1 : 0) - (entry.valueCount < 0 ? 1 : 0)
        guard let value else {
            chunks[position.chunk][position.index].valueCount = -1
            return
        }
        if value.count <= entry.valueCapacity {
            (entry.block + entry.keyCount).copyBytes(of: value)
        } else {
            let capacity = value.count + value.count / 2
            let block = UnsafeMutableRawPointer.allocate(byteCount: entry.keyCount + capacity, alignment: 8)
            block.copyBytes(of: entry.key)
            (block + entry.keyCount).copyBytes(of: value)
            entry.block.deallocate()
            entry.block = block
            sizeInBytes += capacity - entry.valueCapacity
            entry.valueCapacity = capacity
        }
        entry.valueCount = value.count
        chunks[position.chunk][position.index] = entry
    }
}

/// Compares bytes as unsigned numbers, the first one the most significant. Returns a number below, at or above 0 if the left
/// bytes are below, equal to or above the right ones. It compares eight bytes at a time.
package func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let count = min(left.count, right.count)
    var offset = 0
    while offset + 8 <= count {
        let leftWord = UInt64(bigEndian: left.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let rightWord = UInt64(bigEndian: right.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        if leftWord != rightWord { return leftWord < rightWord ? -1 : 1 }
        offset += 8
    }
    while offset < count {
        if left[offset] != right[offset] { return left[offset] < right[offset] ? -1 : 1 }
        offset += 1
    }
    return left.count - right.count
}

extension UnsafeMutableRawPointer {
    fileprivate func copyBytes(of bytes: UnsafeRawBufferPointer) {
        if let start = bytes.baseAddress, bytes.count > 0 { copyMemory(from: start, byteCount: bytes.count) }
    }
}
