import Millrace

/// A range of keys to be iterated in one direction or the other.
struct WalkRange {
    /// The lowest key.
    var lower: [UInt8]
    /// The key after the highest one; it is not in the range.
    var upper: [UInt8]
    var isReversed: Bool

    /// Returns the rest of the range after a visited key, or before it in reverse.
    fileprivate func after(_ key: UnsafeRawBufferPointer) -> WalkRange {
        var rest = self
        if isReversed { rest.upper = Array(key) } else { rest.lower = Array(key) + [0] }
        return rest
    }

    /// Returns the rest of the range from a key on, including the key.
    fileprivate func beginning(with key: UnsafeRawBufferPointer) -> WalkRange {
        var rest = self
        if isReversed { rest.upper = Array(key) + [0] } else { rest.lower = Array(key) }
        return rest
    }

    /// Returns the part of the range that is visited before a rest of it.
    fileprivate func before(_ rest: WalkRange) -> WalkRange {
        var part = self
        if isReversed { part.lower = rest.upper } else { part.upper = rest.lower }
        return part
    }
}

extension EntryBatch {
    /// Takes the first entries of a range.
    ///
    /// - Parameters:
    ///   - map: the entries in memory; they hide those on disk.
    ///   - disk: the store below; `nil` if all of the range is in memory.
    /// - Returns: the rest of the range; `nil` at its end.
    mutating func fill(
        _ range: WalkRange, of map: borrowing OrderedByteMap, over disk: (any StoredEntries)?
    ) throws -> WalkRange? {
        let limit = begin()
        var changes: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)] = []
        var rest: WalkRange?
        var cursor = map.first(of: range)
        while let found = cursor {
            if changes.count == limit {
                rest = range.beginning(with: map.key(at: found))
                break
            }
            changes.append((map.key(at: found), map.value(at: found)))
            cursor = map.position(after: found, in: range)
        }
        guard let disk else {
            for change in changes {
                guard let value = change.value else { continue }
                if !append(change.key, value) { return range.after(change.key) }
            }
            return rest
        }
        let part = rest.map(range.before) ?? range
        try disk.scan(from: part.lower, to: part.upper, reversed: range.isReversed, under: changes) { key, value in
            if append(key, value), count < limit { return true }
            rest = range.after(key)
            return false
        }
        return rest
    }
}

extension OrderedByteMap {
    fileprivate func first(of range: WalkRange) -> Position? {
        let bound = (range.isReversed ? range.upper : range.lower).withUnsafeBytes { lowerBound($0) }
        return within(range, range.isReversed ? previous(bound) : bound)
    }

    fileprivate func position(after position: Position, in range: WalkRange) -> Position? {
        within(range, range.isReversed ? previous(position) : next(position))
    }

    private func within(_ range: WalkRange, _ position: Position?) -> Position? {
        guard let position, isValid(position) else { return nil }
        let key = key(at: position)
        let isWithin =
            range.isReversed
            ? range.lower.withUnsafeBytes { order($0, key) <= 0 } : range.upper.withUnsafeBytes { order(key, $0) < 0 }
        return isWithin ? position : nil
    }
}
