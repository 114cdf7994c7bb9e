import MillraceConnect
import PostgresClient

/// A change of a row.
enum Change {
    case insert(Row)
    case update(OldRow?, Row)
    case delete(OldRow)

    /// Appends the records of the change.
    ///
    /// - Throws: `ConnectorError` if values of the row are not known.
    func append(
        to records: inout [SourceRecord], _ shape: TableShape, _ marks: TransactionMarks, _ tables: any TableKnowledge
    ) throws {
        var maker = ChangeRecords(shape: shape, marks: marks, tables: tables)
        switch self {
        case .insert(let row): maker.write(.create, row, before: nil)
        case .update(let old, let row): try maker.update(old, row)
        case .delete(let old): maker.delete(old)
        }
        records += maker.records
    }
}

/// The making of a change's records.
private struct ChangeRecords {
    let shape: TableShape
    let marks: TransactionMarks
    let tables: any TableKnowledge
    var records: [SourceRecord] = []

    private var isEnvelope: Bool { marks.rules.format == .changes }

    mutating func write(_ operation: TransactionMarks.Operation, _ row: Row, before: OldRow?) {
        let shape = shape
        let value =
            isEnvelope
            ? marks.envelope(operation, shape, before: before?.appending(to: shape)) { shape.append(row, to: &$0) }
            : shape.object(row)
        records.append(marks.record(operation, topic: shape.topic, key: shape.key(row), value: value))
    }

    mutating func delete(_ old: OldRow) {
        let key = shape.key(old.row)
        if isEnvelope {
            let value = marks.envelope(.delete, shape, before: old.appending(to: shape))
            records.append(marks.record(.delete, topic: shape.topic, key: key, value: value))
        }
        records.append(marks.record(.delete, topic: shape.topic, key: key, value: nil))
    }

    mutating func update(_ old: OldRow?, _ row: Row) throws {
        var row = row
        // Parts of the key that are large and unchanged come with the old key.
        for index in shape.keyIndexes where row.isUnchanged(index) {
            guard let old, index < old.row.values.count, !old.row.isUnchanged(index) else { throw unknown([index]) }
            row.values[index] = old.row.values[index]
        }
        let isKnown = try fill(&row, from: old)
        let keyChanges = old.map { !shape.haveSameKey($0.row, row) } ?? false
        if keyChanges, let old { delete(old) }
        // Without the row in the table, its deletion or the change of its key follows.
        guard isKnown || isEnvelope else { return }
        write(keyChanges ? .create : .update, row, before: keyChanges ? nil : old)
    }

    /// Fills the values that the update has left alone. Returns whether all are known.
    private func fill(_ row: inout Row, from old: OldRow?) throws -> Bool {
        let missing = row.values.indices.filter { row.isUnchanged($0) }
        if missing.isEmpty { return true }
        if case .full(let old)? = old, missing.allSatisfy({ $0 < old.values.count && !old.isUnchanged($0) }) {
            for index in missing { row.values[index] = old.values[index] }
            return true
        }
        guard marks.rules.unchangedValues == .table else { throw unknown(missing) }
        guard let values = try tables.values(of: missing, forKeyOf: row, in: shape) else { return false }
        for (index, value) in zip(missing, values) { row.values[index] = value }
        return true
    }

    private func unknown(_ indexes: [Int]) -> ConnectorError {
        let names = indexes.filter(shape.columns.indices.contains).map { shape.columns[$0].name }.joined(
            separator: ", ")
        return ConnectorError(
            .permanent,
            "An update of the table \(shape.table) at \(marks.commit) left large values (\(names)) out: set unchangedValues to \"table\" to read them from the table, and run ALTER TABLE \(shape.table) REPLICA IDENTITY FULL to get them with later updates."
        )
    }
}

extension OldRow {
    /// The old row's values, of the key or of all columns.
    var row: Row {
        switch self {
        case .key(let row), .full(let row): row
        }
    }

    /// Returns the appending of the JSON of what is known of the old row.
    func appending(to shape: TableShape) -> (inout [UInt8]) -> Void {
        switch self {
        case .key(let row): { shape.append(keyOf: row, to: &$0) }
        case .full(let row): { shape.append(row, to: &$0) }
        }
    }
}

extension Row {
    /// Returns whether a value was left out because it did not change.
    func isUnchanged(_ index: Int) -> Bool {
        if case .unchanged? = values.indices.contains(index) ? values[index] : nil { true } else { false }
    }
}
