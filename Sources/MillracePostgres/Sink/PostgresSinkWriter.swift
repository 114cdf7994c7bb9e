import Millrace
import MillraceConnect
import PostgresClient

/// The writing of rows and offsets, in one transaction at a time.
///
/// Rows go into the table by COPY as long as their keys are new. Otherwise they go through a temporary table, from which the last row of
/// each key is inserted, changed or deleted. Rows that the server refuses are found by halves, each within a savepoint.
///
/// The server works on the rows of a batch while the next one is read and its lines are made, so a batch's refusals are known one call later.
///
/// If the server checks rows only at the end of a transaction, the writer keeps the transaction's records and has them checked before the
/// commit. If some are refused, it writes the transaction again without them: see `RefusalSearch`.
final class PostgresSinkWriter: SinkWriter {
    /// Rows that were sent in one go, whose answer is awaited.
    private struct Sent {
        let batch: SinkBatch
        let range: Range<Int>
        /// Whether they go through the temporary table.
        let isStaged: Bool
        let statements: String
    }

    private let configuration: PostgresSinkConfiguration
    private var connection: PostgresConnection?
    private var table: SinkTable?
    private var epochs: [TopicPartition: Int64] = [:]
    /// The rows on which the server is at work.
    private var sent: Sent?
    /// Whether the temporary table has rows of the open transaction.
    private var isStagingUsed = false
    /// The number of batches that still go through the temporary table, and the number after the next key that is not new.
    private var detour = (left: 0, next: 1)
    /// Whether the server has refused rows at a commit, although the table itself has no checks that wait for it.
    private var hasRefusedCommit = false
    /// The records of the open transaction that the server has taken, if it has to check them before the commit.
    private var held: [SinkRecord] = []
    /// Whether all of them are checked.
    private var isChecked = true

    init(_ configuration: PostgresSinkConfiguration) throws(ConnectorError) {
        self.configuration = configuration
        _ = try connect()
    }

    private func connect() throws(ConnectorError) -> PostgresConnection {
        if let connection, !connection.isLost { return connection }
        (connection, sent) = (nil, nil)
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
        try connection.run(table.createStaging)
        isStagingUsed = false
    }

    func end(_ partitions: [TopicPartition]) {
        for partition in partitions { epochs[partition] = nil }
    }

    func commit(_ offsets: [TopicPartition: Int64]) throws {
        // The uncommitted rows went with a connection that was lost.
        guard let connection, !connection.isLost else { throw Self.lost }
        guard try finish().isEmpty else {
            throw ConnectorError(.permanent, "Records were refused, and nobody has asked for them before the commit.")
        }
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
            try commitTransaction(connection)
            (isStagingUsed, held, isChecked) = (false, [], true)
        } catch { throw ConnectorError.of(error) }
    }

    private func commitTransaction(_ connection: PostgresConnection) throws {
        do { try connection.run("COMMIT") } catch {
            guard error.isOfRow, !checksBeforeCommit else { throw error }
            // A trigger of the table has written into another one, whose checks wait for the end.
            hasRefusedCommit = true
            throw ConnectorError(
                .temporary,
                "PostgreSQL has refused rows at the commit (\(error.reason)): they are written again and checked before it."
            )
        }
    }

    private static let lost = ConnectorError(.temporary, "The connection to PostgreSQL was lost.")

    func rollBack() {
        let last = sent
        (epochs, sent, isStagingUsed, held, isChecked) = ([:], nil, false, [], true)
        guard let connection, connection.isInTransaction else { return }
        do {
            // The server has to answer first. Its refusals do not count any more.
            if let last { _ = try? connection.finishCopyIn(last.statements) }
            try connection.run("ROLLBACK")
        } catch {
            // A connection that cannot roll back is broken, and the server rolls back at its end.
            self.connection = nil
        }
    }

    func close() { (connection, table, sent) = (nil, nil, nil) }

    // MARK: Rows

    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        guard let connection, let table, !connection.isLost else { throw Self.lost }
        var refused: [RefusedSinkRecord] = []
        do {
            if !connection.isInTransaction { try connection.run("BEGIN") }
            if isChecked, !held.isEmpty { try connection.run("SET CONSTRAINTS ALL DEFERRED") }
            isChecked = !checksBeforeCommit
            for part in records[...].parts(upToBytes: SinkBatch.limitInBytes) {
                let batch = SinkBatch(part, table, configuration)
                if sent != nil {
                    batch.makeLines()
                    refused += try settle(table, connection)
                }
                let rows = rows(batch.indices, of: batch, table, isStaged: !mayCopy(batch))
                try start(rows, connection)
                sent = rows
            }
        } catch { throw explained(error) }
        return refused
    }

    func finish() throws -> [RefusedSinkRecord] {
        guard sent != nil || !isChecked else { return [] }
        guard let connection, let table, !connection.isLost else { throw Self.lost }
        do {
            let refused = try settle(table, connection)
            return isChecked ? refused : refused + (try check(table, connection))
        } catch { throw explained(error) }
    }

    private var checksBeforeCommit: Bool { hasRefusedCommit || table?.hasDeferredChecks == true }

    /// Makes the server check what it would check at the commit. Returns the records that it refuses.
    private func check(_ table: SinkTable, _ connection: PostgresConnection) throws -> [RefusedSinkRecord] {
        isChecked = true
        do {
            try connection.run("SET CONSTRAINTS ALL IMMEDIATE")
            return []
        } catch {
            guard error.isOfRow else { throw error }
        }
        isStagingUsed = true
        let search = RefusalSearch(transaction: SinkTransaction(table, configuration, connection))
        let refused = try search.write(held)
        let out = Set(refused.map(\.record))
        held.removeAll { out.contains($0) }
        return refused
    }

    /// Waits until the server has taken the rows on which it is at work. Returns those that it refuses.
    private func settle(_ table: SinkTable, _ connection: PostgresConnection) throws -> [RefusedSinkRecord] {
        guard let rows = sent else { return [] }
        sent = nil
        try conclude(rows, table, connection)
        if checksBeforeCommit { held += rows.batch.taken }
        return rows.batch.refused
    }

    /// Returns whether to try to copy a batch into the table itself.
    private func mayCopy(_ batch: SinkBatch) -> Bool {
        if batch.hasDeleted(in: batch.indices) { return false }
        if detour.left == 0 { return true }
        detour.left -= 1
        return false
    }

    private func rows(_ range: Range<Int>, of batch: SinkBatch, _ table: SinkTable, isStaged: Bool) -> Sent {
        if !isStaged, let statements = table.copyStatements {
            return Sent(batch: batch, range: range, isStaged: false, statements: statements)
        }
        let statements = table.stagingStatements(
            empties: isStagingUsed, deletes: batch.hasDeleted(in: range), upserts: batch.hasRows(in: range))
        isStagingUsed = true
        return Sent(batch: batch, range: range, isStaged: true, statements: statements)
    }

    private func start(_ rows: Sent, _ connection: PostgresConnection) throws {
        try connection.startCopyIn(rows.statements) {
            try rows.batch.send(rows.range, to: $0, isStaging: rows.isStaged)
        }
    }

    /// Waits for the server's answer to rows, and writes them without those that it refuses.
    private func conclude(_ rows: Sent, _ table: SinkTable, _ connection: PostgresConnection) throws {
        do {
            try connection.finishCopyIn(rows.statements)
            if !rows.isStaged { detour.next = 1 }
        } catch {
            guard error.isOfRow else { throw error }
            try connection.run(SinkTable.takeBack)
            let range = rows.range
            if !rows.isStaged {
                detour = (detour.next, min(256, detour.next * 2))
                try store(range, of: rows.batch, table, connection)
            } else if range.count == 1 {
                rows.batch.refuse(range, reason: error.reason)
            } else {
                let middle = range.lowerBound + range.count / 2
                try store(range.lowerBound..<middle, of: rows.batch, table, connection)
                try store(middle..<range.upperBound, of: rows.batch, table, connection)
            }
        }
    }

    /// Writes a part of a batch through the temporary table, without the records that the server refuses.
    private func store(
        _ range: Range<Int>, of batch: SinkBatch, _ table: SinkTable, _ connection: PostgresConnection
    ) throws {
        let rows = rows(range, of: batch, table, isStaged: true)
        try start(rows, connection)
        try conclude(rows, table, connection)
    }

    /// Returns an error as one of a connector. A right that is missing has a sentence that says what to do.
    private func explained(_ error: any Error) -> ConnectorError {
        let words = ConnectorError.of(error)
        guard let error = error as? PostgresError, error.code == "42501", let connection else { return words }
        do {
            try connection.run("ROLLBACK")
            _ = try SinkTable(configuration, connection)
        } catch let sentence as ConnectorError { return sentence } catch {}
        return words
    }
}

extension PostgresError {
    /// Whether the error is about a row: its values, a constraint, a size, a policy, or an exception that a trigger raised.
    var isOfRow: Bool { !isConnectionLost && (isOfData || isOfPolicy || code == "54000" || code == "P0001") }

    /// The server's words, as a reason.
    var reason: String { ([message] + details).joined(separator: "; ") }
}
