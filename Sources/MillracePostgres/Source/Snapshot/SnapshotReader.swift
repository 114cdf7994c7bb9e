import MillraceConnect
import PostgresClient

/// The reading of the rows that are in the tables at the beginning, table by table in the order of their keys.
///
/// All tables are read as of one moment: that of the slot's creation, or that of the last start of the reader. After a crash, reading goes on
/// behind the last key, as of a later moment; the stream from the slot's position then has all changes since, so that some are seen
/// twice and none is missing.
final class SnapshotReader {
    private let connection: PostgresConnection
    private let marks: TransactionMarks
    private var tables: [CheckedTable]
    private(set) var position: SlotPosition
    private var hasCursor = false
    /// The number of rows that the next batch may have, by the size of those of the last one.
    private var rowLimit = 100

    /// - Parameters:
    ///   - tables: the tables that are not read yet, or not to their ends.
    ///   - position: the position, of which the stream's part stays.
    ///   - snapshot: the name of the moment that another connection holds; `nil` for the present one.
    /// - Throws: `ConnectorError`.
    init(
        _ connection: PostgresConnection, _ tables: [CheckedTable], rules: ChangeRules, from position: SlotPosition,
        snapshot: String?
    ) throws(ConnectorError) {
        self.connection = connection
        self.position = position
        marks = TransactionMarks(readAt: position.lsn, timestampMs: position.timeMs, rules)
        // The table that was begun comes first.
        let begun = position.snapshot?.table
        self.tables = tables.filter { $0.id == begun } + tables.filter { $0.id != begun }
        do {
            try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if let snapshot { try connection.run("SET TRANSACTION SNAPSHOT \(connection.literal(snapshot))") }
        } catch { throw ConnectorError(error) }
    }

    /// Returns the next rows; `nil` at the end.
    ///
    /// - Throws: `ConnectorError`.
    func read(_ count: Int) throws(ConnectorError) -> SourceBatch? {
        do {
            guard let table = tables.first else {
                try connection.run("COMMIT")
                return nil
            }
            if !hasCursor { try openCursor(table) }
            let result = try connection.run("FETCH \(max(1, min(count, rowLimit))) FROM millrace_rows")
            return result.rowCount > 0 ? take(result, of: table) : try end(table)
        } catch { throw ConnectorError(error) }
    }

    private func openCursor(_ table: CheckedTable) throws(PostgresError) {
        let shape = table.shape
        let columns = shape.columns.map { connection.quoted($0.name) }.joined(separator: ", ")
        let order = table.order.map(connection.quoted).joined(separator: ", ")
        var conditions = table.condition.map { ["(\($0))"] } ?? []
        let after = position.snapshot?.table == table.id ? position.snapshot?.after ?? [] : []
        if after.count == table.order.count, !after.isEmpty {
            conditions.append("(\(order)) > (\(after.map(connection.literal).joined(separator: ", ")))")
        }
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let name = connection.quoted(shape.table.schema) + "." + connection.quoted(shape.table.name)
        try connection.run(
            "DECLARE millrace_rows NO SCROLL CURSOR FOR SELECT \(columns) FROM \(name)\(condition) ORDER BY \(order)")
        hasCursor = true
    }

    private func take(_ result: PostgresResult, of table: CheckedTable) -> SourceBatch {
        let shape = table.shape
        var records: [SourceRecord] = []
        records.reserveCapacity(result.rowCount)
        for row in 0..<result.rowCount {
            let values = Row(
                shape.columns.indices.map { column in
                    result.withBytes(row: row, column: column) { .text(Array($0)) } ?? .null
                })
            let value =
                marks.rules.format == .changes
                ? marks.envelope(.read, shape, after: { shape.append(values, to: &$0) }) : shape.object(values)
            records.append(marks.record(.read, topic: shape.topic, key: shape.key(values), value: value))
        }
        let last = table.order.map { name in
            shape.columns.firstIndex { $0.name == name }.flatMap { result.text(row: result.rowCount - 1, column: $0) }
                ?? ""
        }
        position.snapshot = SlotPosition.Snapshot(table: table.id, after: last)
        let size = records.reduce(0) { $0 + ($1.value?.count ?? 0) }
        rowLimit = max(1, marks.rules.splitSizeInBytes / max(1, size / max(1, records.count)))
        return SourceBatch(records, position: position.source)
    }

    private func end(_ table: CheckedTable) throws(PostgresError) -> SourceBatch {
        try connection.run("CLOSE millrace_rows")
        hasCursor = false
        tables.removeFirst()
        position.snapshot = nil
        position.tables[table.id] = SlotPosition.hash(ofKey: table.shape.keyNames)
        return SourceBatch(position: position.source)
    }
}
