/// A filter of an index's columns.
indirect enum ResolvedFilter: Sendable {
    case test(AttributeTest)
    case all([ResolvedFilter])
    case any([ResolvedFilter])

    /// Whether an entry fits.
    ///
    /// - Parameter value: returns the entry's attribute in a column; `nil` if it is missing.
    func fits(_ value: (_ column: Int) -> StoredAttribute?) -> Bool {
        switch self {
        case .test(let test): test.fits(value(test.column))
        case .all(let filters): filters.allSatisfy { $0.fits(value) }
        case .any(let filters): filters.contains { $0.fits(value) }
        }
    }
}

/// A test of one column.
struct AttributeTest: Sendable {
    enum Condition: Sendable {
        /// One of some values, in their order.
        case oneOf([StoredAttribute])
        case below(StoredAttribute, included: Bool)
        case above(StoredAttribute, included: Bool)
    }

    var column: Int
    var condition: Condition
    /// Whether the entries fit for which the condition does not hold, those without the attribute included.
    var isNegated = false

    func fits(_ value: StoredAttribute?) -> Bool { (value.map(holds) ?? false) != isNegated }

    private func holds(_ value: StoredAttribute) -> Bool {
        switch condition {
        case .oneOf(let values):
            let index = values.partitioningIndex { $0 >= value }
            return index < values.count && values[index] == value
        case .below(let bound, let included): return value < bound || included && value == bound
        case .above(let bound, let included): return value > bound || included && value == bound
        }
    }
}

extension RandomAccessCollection where Index == Int {
    /// Returns the first index whose element fits, if all before it do not and all behind it do.
    func partitioningIndex(where fits: (Element) throws -> Bool) rethrows -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if try fits(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
