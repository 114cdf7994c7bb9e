/// Indices of a `ByteTable` in the order of their keys. They are sorted when a scan needs them, and kept until one is added
/// or removed.
package struct SortedIndices {
    private var indices: [ByteTable.EntryIndex]?

    package init() {}

    /// Records that an index was added or removed.
    package mutating func invalidate() { indices = nil }

    /// Returns all indices.
    ///
    /// - Parameter unsorted: returns them in any order; called only if they have to be sorted.
    package mutating func all(
        of table: borrowing ByteTable, _ unsorted: () -> [ByteTable.EntryIndex]
    ) -> [ByteTable.EntryIndex] {
        if let indices { return indices }
        let sorted = unsorted().sorted { precedes(table.key(at: $0), table.key(at: $1)) }
        indices = sorted
        return sorted
    }

    /// Returns the indices within bounds, in the order of a scan.
    package mutating func within(
        _ bounds: KeyBounds, reversed: Bool, of table: borrowing ByteTable, _ unsorted: () -> [ByteTable.EntryIndex]
    ) -> Run {
        let sorted = all(of: table, unsorted)
        let start = sorted.firstIndex(of: table) { !bounds.isBelow($0) }
        let end = sorted.firstIndex(of: table) { bounds.isAbove($0) }
        let step = reversed ? -1 : 1
        return Run(indices: sorted, index: reversed ? end - 1 : start, remaining: max(0, end - start), step: step)
    }

    /// Some of the indices, one after the other in either direction.
    package struct Run: Sequence, IteratorProtocol {
        fileprivate let indices: [ByteTable.EntryIndex]
        fileprivate var index: Int
        fileprivate var remaining: Int
        fileprivate let step: Int

        package mutating func next() -> ByteTable.EntryIndex? {
            guard remaining > 0 else { return nil }
            defer { index += step }
            remaining -= 1
            return indices[index]
        }
    }
}

extension [ByteTable.EntryIndex] {
    /// The first of the sorted indices whose key satisfies a condition that all later ones satisfy too.
    fileprivate func firstIndex(
        of table: borrowing ByteTable, where isReached: (UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isReached(table.key(at: self[middle])) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
