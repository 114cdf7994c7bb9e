/// A key-value store in memory: a hash table, and an index of its keys in order that is made when a scan needs it.
package final class InMemoryKeyValueStore: KeyValueBytesStore {
    private var table = ByteTable()
    /// The places of the keys in their order; `nil` since a key came or went.
    private var order: [ByteTable.Place]?

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
        if table.count != count { order = nil }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let order = order ?? table.places.sorted { precedes(table.key(at: $0), table.key(at: $1)) }
        self.order = order
        let bounds = KeyBounds(lower: lower, upper: upper)
        for place in order {
            let key = table.key(at: place)
            if bounds.isBelow(key) { continue }
            if bounds.isAbove(key) { return }
            guard let value = table.value(at: place) else { continue }
            if try !body(key, value) { return }
        }
    }

    package func removeAll() {
        table.removeAll()
        order = nil
    }
}

/// A range of keys, from `lower` up to and without `upper`; open where a bound is `nil`.
package struct KeyBounds {
    let lower: [UInt8]?
    let upper: [UInt8]?

    package init(lower: [UInt8]?, upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    package func isBelow(_ key: UnsafeRawBufferPointer) -> Bool {
        lower.map { $0.withUnsafeBytes { precedes(key, $0) } } ?? false
    }

    package func isAbove(_ key: UnsafeRawBufferPointer) -> Bool {
        upper.map { $0.withUnsafeBytes { !precedes(key, $0) } } ?? false
    }
}
