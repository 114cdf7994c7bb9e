import MillraceConnect
import PostgresClient

/// The open transaction of a sink, in which rows are tried.
struct SinkTransaction: CheckedTransaction {
    private let table: SinkTable
    private let configuration: PostgresSinkConfiguration
    private let connection: PostgresConnection

    init(_ table: SinkTable, _ configuration: PostgresSinkConfiguration, _ connection: PostgresConnection) {
        self.table = table
        self.configuration = configuration
        self.connection = connection
    }

    func restart() throws { try connection.run("ROLLBACK; BEGIN") }

    func attempt(_ records: ArraySlice<SinkRecord>) throws -> String? {
        do {
            try connection.run("SAVEPOINT millrace_check; SET CONSTRAINTS ALL DEFERRED")
            for part in records.parts(upToBytes: SinkBatch.limitInBytes) {
                let batch = SinkBatch(part, table, configuration)
                batch.makeLines()
                if let first = batch.refused.first { return try takeBack(first.reason) }
                let statements = table.stagingStatements(
                    empties: true, deletes: batch.hasDeleted(in: part.indices), upserts: batch.hasRows(in: part.indices)
                )
                try connection.startCopyIn(statements) { try batch.send(part.indices, to: $0, isStaging: true) }
                try connection.finishCopyIn(statements)
            }
            try connection.run("SET CONSTRAINTS ALL IMMEDIATE; RELEASE millrace_check")
            return nil
        } catch let error as PostgresError where error.isOfRow {
            return try takeBack(error.reason)
        }
    }

    private func takeBack(_ reason: String) throws -> String {
        try connection.run("ROLLBACK TO millrace_check; RELEASE millrace_check")
        return reason
    }
}
