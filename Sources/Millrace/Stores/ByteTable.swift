/// A hash table from bytes to bytes.
///
/// Keys are looked up by pointer, so neither reading nor overwriting allocates. An entry is a cache line that holds short
/// keys and values, which most keys and aggregates are, in itself; longer ones have a separate block. Entries keep their
/// index, a small number, and their address until they are removed; a caller may keep a mark with each. The table uses open
/// addressing with linear probing; removal shifts back. A slot holds the index and half of the hash, so a look-up of a short
/// key touches two cache lines: the slot's and the entry's. The key that was looked up last is found again without hashing,
/// since a put follows a get of the same key.
package struct ByteTable: ~Copyable {
    /// The index of an entry, valid until it is removed.
    package typealias EntryIndex = Int

    /// The beginning of an entry. The key and the value follow it, or the address of their block.
    private struct Entry {
        var hash: UInt64
        /// −1 for an index that is free.
        var keyCount: Int32
        /// −1 for an entry that stands for a deleted key.
        var valueCount: Int32
        var valueCapacity: Int32
        var isMarked: Bool

        static let size = 64
        static let inlineOffset = 24
        static let inlineCapacity = Int32(size - inlineOffset)

        /// A block is made only for keys and values that do not fit.
        var isInline: Bool { keyCount + valueCapacity <= Self.inlineCapacity }
    }

    /// The upper half of a hash and, in the lower half, one more than an index; 0 for an empty slot.
    private typealias Slot = UInt64

    private var slots: UnsafeMutableBufferPointer<Slot>
    /// The entries, a fixed number to a chunk: they stay at their addresses when the table grows.
    private var chunks: [UnsafeMutableRawPointer] = []
    private static let chunkBits = 8
    /// One more than the highest index in use, for walking over all of them.
    package private(set) var indexLimit: EntryIndex = 0
    private var free: [UInt32] = []
    private var recent: EntryIndex = -1
    private let seed: UInt64
    /// The number of entries, deleted keys included.
    package private(set) var count = 0
    /// The memory that the entries take.
    package private(set) var sizeInBytes = 0

    private static let entryOverheadInBytes = Entry.size + 2 * MemoryLayout<Slot>.stride

    package init() {
        slots = Self.emptySlots(16)
        seed = UInt64.random(in: .min ... .max)
    }

    deinit {
        for index in 0..<indexLimit where isTaken(index) { block(of: index)?.deallocate() }
        for chunk in chunks { chunk.deallocate() }
        slots.deallocate()
    }

    /// The index of a key, or `nil`.
    package mutating func find(_ key: UnsafeRawBufferPointer) -> EntryIndex? {
        if recent >= 0, isKey(key, at: recent) { return recent }
        let hash = hash(key)
        var slot = home(of: hash)
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash >> 32 {
                let index = index(in: slot)
                if isKey(key, at: index) {
                    recent = index
                    return index
                }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The value at an index; `nil` for a deleted key.
    package func value(at index: EntryIndex) -> UnsafeRawBufferPointer? {
        let entry = entry(index)
        guard entry.pointee.valueCount >= 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: bytes(of: index) + Int(entry.pointee.keyCount), count: Int(entry.pointee.valueCount))
    }

    package func key(at index: EntryIndex) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes(of: index), count: max(0, Int(entry(index).pointee.keyCount)))
    }

    package func isMarked(_ index: EntryIndex) -> Bool { entry(index).pointee.isMarked }

    package mutating func setMark(_ index: EntryIndex, _ isMarked: Bool) { entry(index).pointee.isMarked = isMarked }

    /// Sets the value of a key; `nil` records that the key is deleted. Returns the key's index.
    @discardableResult
    package mutating func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?) -> EntryIndex {
        if let index = find(key) {
            overwrite(index, with: value)
            return index
        }
        return insert(key, value)
    }

    /// Removes an entry; its index may be given to another one.
    package mutating func remove(at removed: EntryIndex) {
        if recent == removed { recent = -1 }
        var slot = slot(of: removed)
        var next = (slot + 1) & (slots.count - 1)
        while slots[next] != 0 {
            let home = home(of: entry(index(in: next)).pointee.hash)
            // An entry may move forward to the gap only if its home is not between the gap and its slot.
            if (next - home) & (slots.count - 1) >= (next - slot) & (slots.count - 1) {
                slots[slot] = slots[next]
                slot = next
            }
            next = (next + 1) & (slots.count - 1)
        }
        slots[slot] = 0
        sizeInBytes -= Self.entryOverheadInBytes + blockSize(of: removed)
        block(of: removed)?.deallocate()
        // A walk over indices finds no value at this one if the entry is removed during the walk.
        entry(removed).pointee.keyCount = -1
        entry(removed).pointee.valueCount = -1
        free.append(UInt32(removed))
        count -= 1
    }

    package mutating func removeAll() {
        for index in 0..<indexLimit where isTaken(index) { block(of: index)?.deallocate() }
        for chunk in chunks { chunk.deallocate() }
        chunks.removeAll()
        slots.deallocate()
        slots = Self.emptySlots(16)
        free.removeAll()
        indexLimit = 0
        recent = -1
        count = 0
        sizeInBytes = 0
    }

    /// The indices in use, in no particular order.
    package var indices: [EntryIndex] { (0..<indexLimit).filter { isTaken($0) } }

    package func isTaken(_ index: EntryIndex) -> Bool { entry(index).pointee.keyCount >= 0 }

    private mutating func insert(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> EntryIndex {
        let valueCount = value?.count ?? 0
        precondition(key.count + valueCount < Int(Int32.max), "a key and a value of 2 GiB")
        if (count + 1) * 2 > slots.count { grow() }
        let hash = hash(key)
        let index = free.popLast().map(Int.init) ?? newIndex()
        let room = Int(Entry.inlineCapacity) - key.count
        entry(index).initialize(
            to: Entry(
                hash: hash, keyCount: Int32(key.count), valueCount: Int32(value?.count ?? -1),
                valueCapacity: Int32(max(room, valueCount)), isMarked: false))
        if room < valueCount { setBlock(of: index, .allocate(byteCount: key.count + valueCount, alignment: 8)) }
        let bytes = bytes(of: index)
        bytes.copy(from: key)
        if let value { (bytes + key.count).copy(from: value) }
        var slot = home(of: hash)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Self.slot(hash, index)
        recent = index
        count += 1
        sizeInBytes += Self.entryOverheadInBytes + blockSize(of: index)
        return index
    }

    private mutating func newIndex() -> EntryIndex {
        if indexLimit >> Self.chunkBits == chunks.count {
            chunks.append(.allocate(byteCount: Entry.size << Self.chunkBits, alignment: Entry.size))
        }
        indexLimit += 1
        return indexLimit - 1
    }

    private mutating func overwrite(_ index: EntryIndex, with value: UnsafeRawBufferPointer?) {
        let entry = entry(index)
        guard let value else {
            entry.pointee.valueCount = -1
            return
        }
        let keyCount = Int(entry.pointee.keyCount)
        if value.count > Int(entry.pointee.valueCapacity) {
            let capacity = value.count + value.count / 2
            precondition(keyCount + capacity < Int(Int32.max), "a key and a value of 2 GiB")
            let larger = UnsafeMutableRawPointer.allocate(byteCount: keyCount + capacity, alignment: 8)
            larger.copy(from: key(at: index))
            sizeInBytes -= blockSize(of: index)
            block(of: index)?.deallocate()
            entry.pointee.valueCapacity = Int32(capacity)
            setBlock(of: index, larger)
            sizeInBytes += blockSize(of: index)
        }
        (bytes(of: index) + keyCount).copy(from: value)
        entry.pointee.valueCount = Int32(value.count)
    }

    // MARK: Entries

    @inline(__always)
    private func entry(_ index: EntryIndex) -> UnsafeMutablePointer<Entry> {
        address(of: index).assumingMemoryBound(to: Entry.self)
    }

    @inline(__always)
    private func address(of index: EntryIndex) -> UnsafeMutableRawPointer {
        chunks[index >> Self.chunkBits] + (index & (1 << Self.chunkBits - 1)) * Entry.size
    }

    /// Returns the address of an entry's key; its value follows it.
    @inline(__always)
    private func bytes(of index: EntryIndex) -> UnsafeMutableRawPointer {
        block(of: index) ?? address(of: index) + Entry.inlineOffset
    }

    /// The memory outside of the entry that contains its key and value, if they are long.
    @inline(__always)
    private func block(of index: EntryIndex) -> UnsafeMutableRawPointer? {
        if entry(index).pointee.isInline { return nil }
        return (address(of: index) + Entry.inlineOffset).load(as: UnsafeMutableRawPointer.self)
    }

    private func setBlock(of index: EntryIndex, _ block: UnsafeMutableRawPointer) {
        (address(of: index) + Entry.inlineOffset).storeBytes(of: block, as: UnsafeMutableRawPointer.self)
    }

    private func blockSize(of index: EntryIndex) -> Int {
        let entry = entry(index).pointee
        return entry.isInline ? 0 : Int(entry.keyCount + entry.valueCapacity) + 16
    }

    // MARK: Slots

    private mutating func grow() {
        let larger = Self.emptySlots(slots.count * 2)
        for slot in slots where slot != 0 {
            var index = Int(truncatingIfNeeded: entry(Int(slot & 0xffff_ffff) - 1).pointee.hash) & (larger.count - 1)
            while larger[index] != 0 { index = (index + 1) & (larger.count - 1) }
            larger[index] = slot
        }
        slots.deallocate()
        slots = larger
    }

    private static func emptySlots(_ count: Int) -> UnsafeMutableBufferPointer<Slot> {
        let slots = UnsafeMutableBufferPointer<Slot>.allocate(capacity: count)
        slots.initialize(repeating: 0)
        return slots
    }

    private static func slot(_ hash: UInt64, _ index: EntryIndex) -> Slot { (hash & ~0xffff_ffff) | UInt64(index + 1) }

    @inline(__always)
    private func home(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

    @inline(__always)
    private func index(in slot: Int) -> EntryIndex { Int(slots[slot] & 0xffff_ffff) - 1 }

    private func slot(of index: EntryIndex) -> Int {
        var slot = home(of: entry(index).pointee.hash)
        while self.index(in: slot) != index { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    @inline(__always)
    private func isKey(_ key: UnsafeRawBufferPointer, at index: EntryIndex) -> Bool {
        guard Int(entry(index).pointee.keyCount) == key.count else { return false }
        return areEqual(UnsafeRawBufferPointer(start: bytes(of: index), count: key.count), key)
    }

    /// Eight bytes at a time through a 64 × 64 → 128 bit multiplication, seeded for each table so that keys cannot be chosen
    /// to collide.
    @inline(__always)
    private func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: key.count)
        var offset = 0
        while offset + 8 <= key.count {
            state = Self.mix(state ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < key.count {
            tail = tail << 8 | UInt64(key[offset])
            offset += 1
        }
        return Self.mix(state ^ tail)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func copy(from bytes: UnsafeRawBufferPointer) {
        if let start = bytes.baseAddress, bytes.count > 0 { copyMemory(from: start, byteCount: bytes.count) }
    }
}

/// Whether two runs of bytes of the same length are equal: compared eight at a time, the last eight overlapping the ones
/// before.
@inline(__always)
private func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    let count = left.count
    if count < 8 {
        for index in 0..<count where left[index] != right[index] { return false }
        return true
    }
    var offset = 0
    while offset + 8 < count {
        if left.word(at: offset) != right.word(at: offset) { return false }
        offset += 8
    }
    return left.word(at: count - 8) == right.word(at: count - 8)
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func word(at offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
}

/// Whether bytes precede others in the order of unsigned bytes, in which stores are scanned.
package func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    // Eight bytes at a time: most of the work of sorting a checkpoint is done here.
    let common = min(left.count, right.count)
    var offset = 0
    while offset + 8 <= common {
        let (leftWord, rightWord) = (left.word(at: offset).bigEndian, right.word(at: offset).bigEndian)
        if leftWord != rightWord { return leftWord < rightWord }
        offset += 8
    }
    while offset < common {
        if left[offset] != right[offset] { return left[offset] < right[offset] }
        offset += 1
    }
    return left.count < right.count
}
