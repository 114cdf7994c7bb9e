public import MillraceConnect
import PostgresClient

/// A table of PostgreSQL into which the records of topics are written, exactly once: their offsets are in the same transactions.
///
/// ```swift
/// var configuration = PostgresSinkConfiguration(
///     server: PostgresServer(database: "agents", user: "millrace"), name: "contexts", topics: ["contexts"],
///     table: "public.agent_context")
/// configuration.keyColumns = ["agent_id"]
/// let sink = PostgresSink(configuration)
/// ```
///
/// A record's value is a JSON object, whose fields are columns; its key says which row is meant. The row is inserted or changed, and a
/// tombstone deletes it.
public struct PostgresSink: SinkConnector {
    /// The settings.
    public let configuration: PostgresSinkConfiguration

    /// The topics whose records are written.
    public var topics: [String] { configuration.topics }

    /// Makes a sink. The server is not asked yet.
    ///
    /// - Parameter configuration: the settings.
    public init(_ configuration: PostgresSinkConfiguration) { self.configuration = configuration }

    /// Asks the server whether the sink can work. A table that is to be created is not there afterwards.
    ///
    /// - Returns: a sentence for each problem, which says what to do; empty if the sink can work.
    public func problems() -> [String] {
        let problems = configuration.problems()
        if !problems.isEmpty { return problems }
        do throws(ConnectorError) {
            let connection = try configuration.server.connect()
            do {
                try connection.run("BEGIN")
                _ = try SinkTable(configuration, connection)
                try OffsetsTable(configuration, connection).create()
                try connection.run("ROLLBACK")
            } catch { throw ConnectorError.of(error) }
            return []
        } catch { return [error.message] }
    }

    /// Connects, checks the table, and makes it and the table of offsets if they are missing.
    ///
    /// - Returns: the writer.
    /// - Throws: `ConnectorError`, whose sentence says what to do.
    public func open() throws -> any SinkWriter {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: " ")) }
        return try PostgresSinkWriter(configuration)
    }
}
