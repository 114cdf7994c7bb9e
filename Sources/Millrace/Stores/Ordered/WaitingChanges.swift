/// The keys of a store whose newest change has not been forwarded to the changelog and downstream yet, in the order of their
/// last change, each with its earlier value.
package struct WaitingChanges: ~Copyable {
    package struct Change {
        /// The timestamp of the changelog's record.
        package var timestampMs: Int64
        package var origin: CachingKeyValueStore.Origin

        package init(timestampMs: Int64, origin: CachingKeyValueStore.Origin) {
            self.timestampMs = timestampMs
            self.origin = origin
        }
    }

    /// The old values by key.
    private var table = ByteTable()
    private var order = PlaceList()
    private var changes: [Change?] = []

    package init() {}

    package var count: Int { table.count }

    /// The approximate memory that they take.
    package var sizeInBytes: Int { table.sizeInBytes + table.count * MemoryLayout<Change>.stride }

    package mutating func contains(_ key: UnsafeRawBufferPointer) -> Bool { table.find(key) != nil }

    /// Records a change. The old value is used only if the key was not waiting already.
    package mutating func note(
        _ key: UnsafeRawBufferPointer, oldValue: UnsafeRawBufferPointer?, _ change: Change
    ) {
        let place = table.find(key) ?? table.set(key, to: oldValue)
        if place >= changes.count { changes += Array(repeating: nil, count: place + 1 - changes.count) }
        changes[place] = change
        order.moveToEnd(place)
    }

    /// Removes the key that has waited longest, and returns its change.
    package mutating func takeFirst(key: inout [UInt8], oldValue: inout [UInt8]?) -> Change? {
        guard let place = order.first, let change = changes[place] else { return nil }
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: table.key(at: place))
        oldValue = table.value(at: place).map { Array($0) }
        order.remove(place)
        changes[place] = nil
        table.remove(at: place)
        return change
    }
}
