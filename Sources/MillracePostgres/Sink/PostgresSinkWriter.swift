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
    /// The bytes of the records that become rows at once: they bound the memory, and the time of a statement.
    private static let batchSizeInBytes = 4 << 20

    init(_ configuration: PostgresSinkConfiguration) throws(ConnectorError) {
        self.configuration = configuration
        _ = try connect()
    }

    private func connect() throws(ConnectorError) -> PostgresConnection {
        if let connection, !connection.isLost { return connection }
        connection = nil
        let new = try configuration.server.connect()
        try configuration.server.requirePrimary(new)
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
        do {
            if !connection.isInTransaction { try connection.run("BEGIN") }
            for part in records[...].parts(upToBytes: Self.batchSizeInBytes) {
                let batch = SinkBatch(part, table, configuration)
                try store(batch.indices, of: batch, table, connection)
                refused += batch.refused
            }
        } catch { throw ConnectorError.of(error) }
        return refused
    }

    /// Writes a part of a batch, without the records that the server refuses.
    private func store(
        _ range: Range<Int>, of batch: SinkBatch, _ table: SinkTable, _ connection: PostgresConnection
    ) throws {
        if range.isEmpty { return }
        let kinds = batch.kinds(in: range)
        if !kinds.hasDeleted, try copy(range, of: batch, table, connection) { return }
        try connection.run("SAVEPOINT millrace_rows")
        do {
            if isStagingUsed { try connection.run("TRUNCATE pg_temp.\(SinkTable.staging)") }
            isStagingUsed = true
            _ = try connection.copyIn(table.copyToStaging) { try batch.send(range, to: $0, isStaging: true) }
            if kinds.hasDeleted { try connection.run(table.deleteRows) }
            if kinds.hasRows { try connection.run(table.upsertRows) }
            try connection.run("RELEASE millrace_rows")
        } catch let error as PostgresError where error.isOfRow {
            try connection.run("ROLLBACK TO millrace_rows; RELEASE millrace_rows")
            guard range.count > 1 else { return batch.refuse(range, reason: error.reason) }
            let middle = range.lowerBound + range.count / 2
            try store(range.lowerBound..<middle, of: batch, table, connection)
            try store(middle..<range.upperBound, of: batch, table, connection)
        }
    }

    /// Copies a part of a batch into the table itself. Returns whether that was possible: all keys are new and all rows are good.
    private func copy(
        _ range: Range<Int>, of batch: SinkBatch, _ table: SinkTable, _ connection: PostgresConnection
    ) throws -> Bool {
        guard let statement = table.copyToTable else { return false }
        guard detour.left == 0 else {
            detour.left -= 1
            return false
        }
        try connection.run("SAVEPOINT millrace_copy")
        do {
            _ = try connection.copyIn(statement) { try batch.send(range, to: $0, isStaging: false) }
            try connection.run("RELEASE millrace_copy")
            detour.next = 1
            return true
        } catch let error as PostgresError where error.isOfRow {
            try connection.run("ROLLBACK TO millrace_copy; RELEASE millrace_copy")
            detour = (detour.next, min(256, detour.next * 2))
            return false
        }
    }
}

extension PostgresError {
    /// Whether the error is about a row: its values, a constraint, a size, or an exception that a trigger raised.
    var isOfRow: Bool { !isConnectionLost && (isOfData || code == "54000" || code == "P0001") }

    /// The server's words, as a reason.
    var reason: String { ([message] + details).joined(separator: "; ") }
}
