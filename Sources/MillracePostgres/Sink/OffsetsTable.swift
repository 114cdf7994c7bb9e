import Millrace
import MillraceConnect
import PostgresClient

/// The table that has the offsets of sinks beside their rows, and the right of one writer for each partition.
///
/// Whoever begins with a partition raises its epoch. A commit changes the offset under its writer's epoch only, so a writer that was
/// replaced changes no row and knows it.
struct OffsetsTable {
    private let connection: PostgresConnection
    private let connector: String
    private let user: String
    private let name: TableName
    private let quotedName: String

    init(_ configuration: PostgresSinkConfiguration, _ connection: PostgresConnection) {
        self.connection = connection
        connector = configuration.name
        user = configuration.server.user
        name = TableName(configuration.offsetsTable)
        quotedName = connection.quoted(name.schema) + "." + connection.quoted(name.name)
    }

    /// Creates the table if it is missing.
    ///
    /// - Throws: `PostgresError`; `ConnectorError` with a sentence.
    func create() throws {
        guard try TableFacts(name, connection) == nil else { return }
        let columns =
            "(connector text, topic text, partition int4, next_offset int8, epoch int8 NOT NULL, PRIMARY KEY (connector, topic, partition))"
        do { try connection.run("CREATE TABLE IF NOT EXISTS \(quotedName) \(columns)") } catch {
            switch error.code {
            // Another process creates it at the same moment.
            case "23505", "42P07": throw ConnectorError(.temporary, "PostgreSQL: \(error)")
            case "42501", "3F000":
                throw ConnectorError(
                    .permanent,
                    "The user \(user) may not create the table of offsets \(name) (\(error.message)): run CREATE TABLE \(quotedName) \(columns), and GRANT SELECT, INSERT, UPDATE ON \(quotedName) TO \(connection.quoted(user))."
                )
            default: throw error
            }
        }
    }

    /// Takes the right to write a partition.
    ///
    /// - Returns: the new epoch, and the next offset; `nil` if there was none yet.
    /// - Throws: `PostgresError`.
    func begin(_ partition: TopicPartition) throws(PostgresError) -> (epoch: Int64, offset: Int64?) {
        let result = try connection.run(
            """
            INSERT INTO \(quotedName) AS o (connector, topic, partition, epoch) VALUES ($1, $2, $3, 1)
            ON CONFLICT (connector, topic, partition) DO UPDATE SET epoch = o.epoch + 1 RETURNING epoch, next_offset
            """, parameters(partition))
        let epoch = result.text(row: 0, column: 0).flatMap { Int64($0) } ?? 0
        return (epoch, result.text(row: 0, column: 1).flatMap { Int64($0) })
    }

    /// Writes a partition's next offset, as a part of the open transaction.
    ///
    /// - Returns: whether the epoch still counts.
    /// - Throws: `PostgresError`.
    func write(_ offset: Int64, of partition: TopicPartition, epoch: Int64) throws(PostgresError) -> Bool {
        let result = try connection.run(
            "UPDATE \(quotedName) SET next_offset = $4 WHERE connector = $1 AND topic = $2 AND partition = $3 AND epoch = $5",
            parameters(partition) + [.text("\(offset)"), .text("\(epoch)")])
        return result.changedCount == 1
    }

    private func parameters(_ partition: TopicPartition) -> [PostgresParameter] {
        [.text(connector), .text(partition.topic), .text("\(partition.partition)")]
    }
}
