/// A hash table from bytes to bytes.
///
/// Keys are looked up by pointer, so that neither reading nor overwriting allocates. Each entry owns one block of memory
/// with the key and, behind it, the value, which has room to grow. Entries keep their place, a small number, until they are
/// removed; a caller may keep a mark with each. Open addressing with linear probing over 32-bit places; removal shifts back.
package struct ByteTable: ~Copyable {
    /// The place of an entry, valid until it is removed.
    package typealias Place = Int

    private struct Entry {
        var block: UnsafeMutableRawPointer?
        var hash: UInt64
        var keyCount: Int
        /// −1 for an entry that stands for a deleted key.
        var valueCount: Int
        var valueCapacity: Int
        var isMarked: Bool
    }

    private var slots: [UInt32]
    private var entries: [Entry] = []
    private var free: [UInt32] = []
    private let seed: UInt64
    /// How many entries there are, deleted keys included.
    package private(set) var count = 0
    /// The memory that the entries take.
    package private(set) var sizeInBytes = 0

    private static let entryOverheadInBytes = MemoryLayout<Entry>.stride + 8 + 16

    package init() {
        slots = [UInt32](repeating: 0, count: 16)
        seed = UInt64.random(in: .min ... .max)
    }

    deinit {
        for entry in entries { entry.block?.deallocate() }
    }

    /// The place of a key, or `nil`.
    package func find(_ key: UnsafeRawBufferPointer) -> Place? {
        let hash = hash(key)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if entries[place].hash == hash, isKey(key, at: place) { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The value at a place; `nil` for a deleted key.
    package func value(at place: Place) -> UnsafeRawBufferPointer? {
        let entry = entries[place]
        guard entry.valueCount >= 0, let block = entry.block else { return nil }
        return UnsafeRawBufferPointer(start: block + entry.keyCount, count: entry.valueCount)
    }

    package func key(at place: Place) -> UnsafeRawBufferPointer {
        let entry = entries[place]
        return UnsafeRawBufferPointer(start: entry.block, count: entry.keyCount)
    }

    package func isMarked(_ place: Place) -> Bool { entries[place].isMarked }

    package mutating func setMark(_ place: Place, _ isMarked: Bool) { entries[place].isMarked = isMarked }

    /// Sets the value of a key; `nil` records that the key is deleted. Returns the key's place.
    @discardableResult
    package mutating func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?) -> Place {
        if let place = find(key) {
            overwrite(place, with: value)
            return place
        }
        return insert(key, value)
    }

    /// Removes an entry; its place may be given to another one.
    package mutating func remove(at place: Place) {
        var slot = slot(of: place)
        var next = (slot + 1) & (slots.count - 1)
        while slots[next] != 0 {
            let home = Int(truncatingIfNeeded: entries[Int(slots[next]) - 1].hash) & (slots.count - 1)
            if ((next &- home) & (slots.count - 1)) >= ((next &- slot) & (slots.count - 1)) {
                slots[slot] = slots[next]
                slot = next
            }
            next = (next + 1) & (slots.count - 1)
        }
        slots[slot] = 0
        sizeInBytes -= Self.entryOverheadInBytes + entries[place].keyCount + entries[place].valueCapacity
        entries[place].block?.deallocate()
        entries[place].block = nil
        free.append(UInt32(place))
        count -= 1
    }

    package mutating func removeAll() {
        for entry in entries { entry.block?.deallocate() }
        entries.removeAll()
        free.removeAll()
        slots = [UInt32](repeating: 0, count: 16)
        count = 0
        sizeInBytes = 0
    }

    /// The places that are taken, in no particular order.
    package var places: [Place] { entries.indices.filter { entries[$0].block != nil } }

    /// One more than the highest place in use, for walking over all of them.
    package var placeLimit: Place { entries.count }

    package func isTaken(_ place: Place) -> Bool { entries[place].block != nil }

    private mutating func insert(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Place {
        if (count + 1) * 2 > slots.count { grow() }
        let capacity = value?.count ?? 0
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(1, key.count + capacity), alignment: 8)
        block.copy(from: key)
        if let value { (block + key.count).copy(from: value) }
        let hash = hash(key)
        let entry = Entry(
            block: block, hash: hash, keyCount: key.count, valueCount: value?.count ?? -1, valueCapacity: capacity,
            isMarked: false)
        let place: Int
        if let reused = free.popLast() {
            place = Int(reused)
            entries[place] = entry
        } else {
            place = entries.count
            entries.append(entry)
        }
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = UInt32(place + 1)
        count += 1
        sizeInBytes += Self.entryOverheadInBytes + key.count + capacity
        return place
    }

    private mutating func overwrite(_ place: Place, with value: UnsafeRawBufferPointer?) {
        guard let value else {
            entries[place].valueCount = -1
            return
        }
        let entry = entries[place]
        if let block = entry.block, value.count <= entry.valueCapacity {
            (block + entry.keyCount).copy(from: value)
        } else {
            let capacity = value.count + value.count / 2
            let block = UnsafeMutableRawPointer.allocate(byteCount: entry.keyCount + capacity, alignment: 8)
            block.copy(from: key(at: place))
            (block + entry.keyCount).copy(from: value)
            entry.block?.deallocate()
            entries[place].block = block
            entries[place].valueCapacity = capacity
            sizeInBytes += capacity - entry.valueCapacity
        }
        entries[place].valueCount = value.count
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        for slot in slots where slot != 0 {
            var index = Int(truncatingIfNeeded: entries[Int(slot) - 1].hash) & (larger.count - 1)
            while larger[index] != 0 { index = (index + 1) & (larger.count - 1) }
            larger[index] = slot
        }
        slots = larger
    }

    private func slot(of place: Place) -> Int {
        var slot = Int(truncatingIfNeeded: entries[place].hash) & (slots.count - 1)
        while Int(slots[slot]) != place + 1 { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private func isKey(_ key: UnsafeRawBufferPointer, at place: Place) -> Bool {
        let stored = self.key(at: place)
        return stored.count == key.count && stored.elementsEqual(key)
    }

    /// Eight bytes at a time through a 64 × 64 → 128 bit multiplication, seeded for each table so that keys cannot be chosen
    /// to collide.
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

/// Whether bytes come before others in the order of unsigned bytes, in which stores are scanned.
package func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    left.lexicographicallyPrecedes(right)
}
