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
    private var order = IndexList()
    private var changes: [Change?] = []

    package init() {}

    package var count: Int { table.count }

    /// The approximate memory that they take.
    package var sizeInBytes: Int { table.sizeInBytes + table.count * MemoryLayout<Change>.stride }

    package mutating func contains(_ key: UnsafeRawBufferPointer) -> Bool { table.find(key) != nil }

    /// Records a change. The old value is used only if the key was not waiting already.
    package mutating func record(
        _ key: UnsafeRawBufferPointer, oldValue: UnsafeRawBufferPointer?, _ change: Change
    ) {
        let index = table.find(key) ?? table.set(key, to: oldValue)
        if index >= changes.count { changes += Array(repeating: nil, count: index + 1 - changes.count) }
        changes[index] = change
        order.moveToEnd(index)
    }

    /// Removes the key that has waited longest, and returns its change.
    package mutating func takeFirst(key: inout [UInt8], oldValue: inout [UInt8]?) -> Change? {
        guard let index = order.first, let change = changes[index] else { return nil }
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: table.key(at: index))
        oldValue = table.value(at: index).map { Array($0) }
        order.remove(index)
        changes[index] = nil
        table.remove(at: index)
        return change
    }
}
