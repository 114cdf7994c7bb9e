/// Places of a `ByteTable` in the order of their keys. They are sorted when a scan needs them, and kept until one is added
/// or removed.
package struct SortedPlaces {
    private var places: [ByteTable.Place]?

    package init() {}

    /// Records that a place was added or removed.
    package mutating func invalidate() { places = nil }

    /// Returns all places.
    ///
    /// - Parameter unsorted: returns them in any order; called only if they have to be sorted.
    package mutating func all(
        of table: borrowing ByteTable, _ unsorted: () -> [ByteTable.Place]
    ) -> [ByteTable.Place] {
        if let places { return places }
        let sorted = unsorted().sorted { precedes(table.key(at: $0), table.key(at: $1)) }
        places = sorted
        return sorted
    }

    /// Returns the places within bounds, in the order of a scan.
    package mutating func within(
        _ bounds: KeyBounds, reversed: Bool, of table: borrowing ByteTable, _ unsorted: () -> [ByteTable.Place]
    ) -> Run {
        let sorted = all(of: table, unsorted)
        let start = sorted.firstIndex(of: table) { !bounds.isBelow($0) }
        let end = sorted.firstIndex(of: table) { bounds.isAbove($0) }
        let step = reversed ? -1 : 1
        return Run(places: sorted, place: reversed ? end - 1 : start, remaining: max(0, end - start), step: step)
    }

    /// Some of the places, one after the other in either direction.
    package struct Run: Sequence, IteratorProtocol {
        fileprivate let places: [ByteTable.Place]
        fileprivate var place: Int
        fileprivate var remaining: Int
        fileprivate let step: Int

        package mutating func next() -> ByteTable.Place? {
            guard remaining > 0 else { return nil }
            defer { place += step }
            remaining -= 1
            return places[place]
        }
    }
}

extension [ByteTable.Place] {
    /// The first of the sorted places whose key satisfies a condition that all later ones satisfy too.
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
