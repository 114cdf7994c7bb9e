/// A key-value store in memory: a hash table, and an index of its keys in order that is made when a scan needs it.
package final class InMemoryKeyValueStore: KeyValueBytesStore {
    // Not checked for overlapping accesses, which takes 20 ns each: the callbacks of a scan must not change the store
    // anyway.
    @exclusivity(unchecked) private var table = ByteTable()
    @exclusivity(unchecked) private var order = SortedIndices()

    package init() {}

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try body(table.find(key).flatMap { table.value(at: $0) })
    }

    package func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        let count = table.count
        if let value {
            table.set(key, to: value)
        } else if let present = table.find(key) {
            table.remove(at: present)
        }
        if table.count != count { order.invalidate() }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let bounds = KeyBounds(lower: lower, upper: upper)
        for index in order.within(bounds, reversed: reversed, of: table, { table.indices }) {
            guard let value = table.value(at: index) else { continue }
            if try !body(table.key(at: index), value) { return }
        }
    }

    package func removeAll() {
        table.removeAll()
        order.invalidate()
    }
}
