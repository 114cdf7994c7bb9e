import Millrace
import MillraceConnect
import PostgresClient

/// The writing of rows and offsets, in one transaction at a time.
///
/// Rows go into the table by COPY as long as their keys are new. Otherwise they go through a temporary table, from which the last row of
/// each key is inserted, changed or deleted. Rows that the server refuses are found by halves, each within a savepoint.
final class PostgresSinkWriter: SinkWriter {
    private let configuration: PostgresSinkConfiguration
    private var connection: PostgresConnection?
    private var table: SinkTable?
    private var epochs: [TopicPartition: Int64] = [:]
    /// Whether the temporary table has rows of the open transaction.
    private var isStagingUsed = false
    /// The number of batches that still go through the temporary table, and the number after the next key that is not new.
    private var detour = (left: 0, next: 1)

    /// The lines of the batch that is written.
    private var lines: [UInt8] = []

    init(_ configuration: PostgresSinkConfiguration) throws(ConnectorError) {
        self.configuration = configuration
        _ = try connect()
    }

    private func connect() throws(ConnectorError) -> PostgresConnection {
        if let connection, !connection.isLost { return connection }
        connection = nil
        let new = try configuration.server.connect()
        do {
            // A writer that has stopped in the middle of a transaction would hold up the one that replaces it.
            try new.run("SET idle_in_transaction_session_timeout = '60s'")
            try OffsetsTable(configuration, new).create()
            table = try SinkTable(configuration, new)
        } catch { throw ConnectorError.of(error) }
        connection = new
        return new
    }

    // MARK: Partitions

    func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        let connection = try connect()
        let offsets = OffsetsTable(configuration, connection)
        var found: [TopicPartition: Int64] = [:]
        do {
            try prepare(connection)
            try connection.run("BEGIN")
            // All writers lock rows in the same order.
            for partition in partitions.sorted() {
                let (epoch, offset) = try offsets.begin(partition)
                epochs[partition] = epoch
                found[partition] = offset
            }
            try connection.run("COMMIT")
        } catch {
            rollBack()
            throw ConnectorError.of(error)
        }
        return found
    }

    /// Makes the temporary table, as the target's columns are at present.
    private func prepare(_ connection: PostgresConnection) throws {
        if connection.isInTransaction { try connection.run("ROLLBACK") }
        let table = try SinkTable(configuration, connection)
        self.table = table
        try connection.run("DROP TABLE IF EXISTS pg_temp.\(SinkTable.staging)")
        try connection.run(table.createStaging)
        isStagingUsed = false
    }

    func end(_ partitions: [TopicPartition]) {
        for partition in partitions { epochs[partition] = nil }
    }

    func commit(_ offsets: [TopicPartition: Int64]) throws {
        // The uncommitted rows went with a connection that was lost.
        guard let connection, !connection.isLost else { throw Self.lost }
        let table = OffsetsTable(configuration, connection)
        do {
            if !connection.isInTransaction { try connection.run("BEGIN") }
            for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
                guard try table.write(offset, of: partition, epoch: epochs[partition] ?? -1) else {
                    throw ConnectorError(
                        .temporary,
                        "\(partition) is written by another process of the connector \(configuration.name) since; this one has written nothing of it."
                    )
                }
            }
            try connection.run("COMMIT")
            isStagingUsed = false
        } catch { throw ConnectorError.of(error) }
    }

    private static let lost = ConnectorError(.temporary, "The connection to PostgreSQL was lost.")

    func rollBack() {
        epochs = [:]
        isStagingUsed = false
        guard let connection, connection.isInTransaction else { return }
        // A connection that cannot roll back is broken, and the server rolls back at its end.
        do { try connection.run("ROLLBACK") } catch { self.connection = nil }
    }

    func close() { (connection, table) = (nil, nil) }

    // MARK: Rows

    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        guard let connection, let table, !connection.isLost else {
            throw Self.lost
        }
        var refused: [RefusedSinkRecord] = []
        var rows: [SinkRow] = []
        rows.reserveCapacity(records.count)
        var made = SinkLines(table, configuration)
        for record in records {
            do throws(SinkRefusal) { rows.append(try made.append(record)) } catch {
                refused.append(RefusedSinkRecord(record, reason: error.reason))
            }
        }
        lines = made.bytes
        defer { lines = [] }
        do {
            if !connection.isInTransaction { try connection.run("BEGIN") }
            try store(rows[...], table, connection, refused: &refused)
        } catch { throw ConnectorError.of(error) }
        return refused
    }

    /// Writes rows, without those that the server refuses.
    private func store(
        _ rows: ArraySlice<SinkRow>, _ table: SinkTable, _ connection: PostgresConnection,
        refused: inout [RefusedSinkRecord]
    ) throws {
        if rows.isEmpty { return }
        if try copy(rows, table, connection) { return }
        try connection.run("SAVEPOINT millrace_rows")
        do {
            try stage(rows, table, connection)
            try connection.run("RELEASE millrace_rows")
        } catch let error as PostgresError where error.isOfRow {
            try connection.run("ROLLBACK TO millrace_rows; RELEASE millrace_rows")
            guard rows.count > 1 else {
                refused += rows.map { RefusedSinkRecord($0.record, reason: error.reason) }
                return
            }
            let middle = rows.startIndex + rows.count / 2
            try store(rows[..<middle], table, connection, refused: &refused)
            try store(rows[middle...], table, connection, refused: &refused)
        }
    }

    /// Copies rows into the table itself. Returns whether that was possible: all keys are new and all rows are good.
    private func copy(
        _ rows: ArraySlice<SinkRow>, _ table: SinkTable, _ connection: PostgresConnection
    ) throws -> Bool {
        if rows.contains(where: \.isDeleted) { return false }
        guard detour.left == 0 else {
            detour.left -= 1
            return false
        }
        try connection.run("SAVEPOINT millrace_copy")
        do {
            _ = try connection.copyIn(table.copyToTable) { try send(rows, to: $0, isStaging: false) }
            try connection.run("RELEASE millrace_copy")
            detour.next = 1
            return true
        } catch let error as PostgresError where error.isOfRow {
            try connection.run("ROLLBACK TO millrace_copy; RELEASE millrace_copy")
            detour = (detour.next, min(256, detour.next * 2))
            return false
        }
    }

    private func stage(
        _ rows: ArraySlice<SinkRow>, _ table: SinkTable, _ connection: PostgresConnection
    ) throws {
        if isStagingUsed { try connection.run("TRUNCATE pg_temp.\(SinkTable.staging)") }
        isStagingUsed = true
        _ = try connection.copyIn(table.copyToStaging) { try send(rows, to: $0, isStaging: true) }
        if rows.contains(where: \.isDeleted) { try connection.run(table.deleteRows) }
        if !rows.allSatisfy(\.isDeleted) { try connection.run(table.upsertRows) }
    }

    private func send(_ rows: ArraySlice<SinkRow>, to input: CopyInput, isStaging: Bool) throws {
        var piece: [UInt8] = []
        piece.reserveCapacity(72 << 10)
        for (number, row) in rows.enumerated() {
            piece.append(contentsOf: lines[row.line])
            if isStaging {
                piece.append(contentsOf: (row.isDeleted ? "\tt\t" : "\tf\t").utf8)
                piece.append(contentsOf: String(number).utf8)
            }
            piece.append(0x0A)
            if piece.count >= 64 << 10 {
                try piece.withUnsafeBytes { try input.write($0) }
                piece.removeAll(keepingCapacity: true)
            }
        }
        try piece.withUnsafeBytes { try input.write($0) }
    }
}

extension PostgresError {
    /// Whether the error is about a row: its values, a constraint, a size, or an exception that a trigger raised.
    var isOfRow: Bool { !isConnectionLost && (isOfData || code == "54000" || code == "P0001") }

    /// The server's words, as a reason.
    var reason: String { ([message] + details).joined(separator: "; ") }
}
