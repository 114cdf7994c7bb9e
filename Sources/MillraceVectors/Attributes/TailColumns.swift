/// The attributes of a tail's rows, column by column. One thread adds rows, in memory that does not move.
// A reader reads only rows that were added before it got to know their number.
final class TailColumns: @unchecked Sendable {
    private enum Column {
        /// 0 for what is missing.
        case ordinals(UnsafeMutablePointer<UInt64>)
        case texts(UnsafeMutablePointer<[UInt8]?>)
    }

    private let columns: [Column]
    private let capacity: Int
    private var count = 0

    init(_ schema: AttributeSchema, capacity: Int) {
        let capacity = max(1, capacity)
        self.capacity = capacity
        columns = schema.attributes.map { attribute in
            attribute.kind == .text ? .texts(.allocate(capacity: capacity)) : .ordinals(.allocate(capacity: capacity))
        }
    }

    deinit {
        for column in columns {
            switch column {
            case .ordinals(let values): values.deallocate()
            case .texts(let values):
                values.deinitialize(count: count)
                values.deallocate()
            }
        }
    }

    /// Adds a row. What it lacks is missing.
    func append(_ row: AttributeRow) {
        guard count < capacity else { return }
        for (index, column) in columns.enumerated() {
            let value = index < row.count ? row[index] : nil
            switch (column, value) {
            case (.ordinals(let values), .ordinal(let ordinal)): (values + count).initialize(to: ordinal)
            case (.ordinals(let values), _): (values + count).initialize(to: 0)
            case (.texts(let values), .text(let text)): (values + count).initialize(to: text)
            case (.texts(let values), _): (values + count).initialize(to: nil)
            }
        }
        count += 1
    }

    /// Returns an attribute of a row that was added; `nil` if it is missing.
    func value(_ column: Int, _ row: Int) -> StoredAttribute? {
        guard columns.indices.contains(column), row >= 0, row < capacity else { return nil }
        switch columns[column] {
        case .ordinals(let values): return values[row] == 0 ? nil : .ordinal(values[row])
        case .texts(let values): return values[row].map { .text($0) }
        }
    }

    /// Returns the attributes of a row that was added.
    func row(_ row: Int) -> AttributeRow { columns.indices.map { value($0, row) } }
}
