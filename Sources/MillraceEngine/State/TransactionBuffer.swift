import Millrace

/// The entries that a task has written to a store since the last checkpoint, and those that it has read, in one hash table above
/// the store on disk.
///
/// Reads see the task's own writes. Entries that differ from the store on disk are marked and listed. The task has them written in
/// one sorted batch, which it does only right after a commit: the store on disk is never ahead of the committed changelog. Entries
/// that agree with it are a cache and are evicted when the table exceeds its bound. After an abort the whole buffer is dropped with
/// its task, and the committed state is restored from the changelog.
package final class TransactionBuffer: KeyValueBytesStore {
    private let store: PersistentStore
    private let maxSizeInBytes: Int
    // Not checked for overlapping accesses, which costs 20 ns each: nothing here is called back during a change.
    @exclusivity(unchecked) private var table = ByteTable()
    @exclusivity(unchecked) private var dirty: [ByteTable.EntryIndex] = []
    @exclusivity(unchecked) private var dirtyInKeyOrder = SortedIndices()
    private var hand = 0
    /// The approximate memory of entries that are not in the store on disk yet.
    @exclusivity(unchecked) package private(set) var dirtySizeInBytes = 0

    package init(over store: PersistentStore, maxSizeInBytes: Int) {
        self.store = store
        self.maxSizeInBytes = maxSizeInBytes
    }

    package var sizeInBytes: Int { table.sizeInBytes }

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        if let index = table.find(key) { return try body(table.value(at: index)) }
        var index = 0
        try store.withValue(forKey: key) { value in index = table.set(key, to: value) }
        try body(table.value(at: index))
    }

    package func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        let index = table.set(key, to: value)
        if table.isMarked(index) { return }
        table.setMark(index, true)
        dirty.append(index)
        dirtyInKeyOrder.invalidate()
        dirtySizeInBytes += key.count + (value?.count ?? 0) + 64
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let bounds = KeyBounds(lower: lower, upper: upper)
        let changes = dirtyInKeyOrder.within(bounds, reversed: reversed, of: table) { dirty }.lazy
            .map { (key: self.table.key(at: $0), value: self.table.value(at: $0)) }
        try store.scan(from: lower, to: upper, reversed: reversed, under: changes, body)
    }

    /// Writes everything that is not on disk yet to the store on disk, with its changelog position.
    ///
    /// Call it only when all of it is committed.
    package func flush(position: Int64?) throws {
        let indices = dirtyInKeyOrder.all(of: table) { dirty }
        let writes = indices.map { StoreWrite(key: table.key(at: $0), value: table.value(at: $0)) }
        try store.apply(writes, position: position)
        for index in dirty { table.setMark(index, false) }
        dirty.removeAll(keepingCapacity: true)
        dirtyInKeyOrder.invalidate()
        dirtySizeInBytes = 0
        evict()
    }

    /// Forgets everything, including entries that are not on disk yet.
    package func removeAll() {
        if table.count == 0 { return }
        table.removeAll()
        dirty.removeAll()
        dirtyInKeyOrder.invalidate()
        dirtySizeInBytes = 0
    }

    /// Evicts clean entries, going round the table, until it takes three quarters of its bound.
    private func evict() {
        guard table.sizeInBytes > maxSizeInBytes else { return }
        let target = maxSizeInBytes / 4 * 3
        for _ in 0..<table.indexLimit where table.sizeInBytes > target {
            hand = hand + 1 < table.indexLimit ? hand + 1 : 0
            if table.isTaken(hand), !table.isMarked(hand) { table.remove(at: hand) }
        }
    }
}
