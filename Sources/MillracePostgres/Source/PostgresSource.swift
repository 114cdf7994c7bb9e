public import MillraceConnect

/// The changes of chosen tables of a PostgreSQL database, by logical replication: first the rows that are there, then the stream of changes,
/// without a gap.
///
/// ```swift
/// var configuration = PostgresSourceConfiguration(
///     server: PostgresServer(database: "agents", user: "millrace"), tables: ["public.agent_context"])
/// configuration.topicPrefix = "agents."
/// let source = PostgresSource(configuration)
/// ```
///
/// Its one part is the slot. Records are JSON: the key is an object of the key's columns, the value an object of the row, or an envelope
/// (``PostgresSourceConfiguration/Format``). Headers: `op` (`c`, `u`, `d`, `r` for a row that was there, `t`), `lsn` of the commit, and
/// `transaction`, the transaction's id.
public struct PostgresSource: SourceConnector {
    /// The settings.
    public let configuration: PostgresSourceConfiguration

    /// A topic for each table, and that of transactions if there is one.
    public var topics: [String] {
        configuration.tables.map { configuration.topicPrefix + TableName($0).description }
            + [configuration.transactionsTopic].compactMap(\.self)
    }

    /// Makes a source. The server is not asked yet.
    ///
    /// - Parameter configuration: the settings.
    public init(_ configuration: PostgresSourceConfiguration) { self.configuration = configuration }

    /// Returns the slot's name, the only part.
    public func partitions() -> [String] { [configuration.slot] }

    /// Asks the server whether the source can work, and changes nothing there.
    ///
    /// - Returns: a sentence for each problem, which says what to do; empty if the source can work.
    public func problems() -> [String] {
        let problems = configuration.problems()
        if !problems.isEmpty { return problems }
        do throws(ConnectorError) {
            let connection = try configuration.server.connect()
            let found = try SourceCheck(configuration, TableCatalog(connection, configuration)).problems
            if !found.isEmpty { return found }
            _ = try configuration.server.connect(for: .replication)
            return []
        } catch { return [error.message] }
    }

    /// Checks the database, makes the publication and the slot if they are missing, and opens the slot.
    ///
    /// - Parameters:
    ///   - partition: the slot's name.
    ///   - position: the position from which to go on; `nil` to begin.
    /// - Returns: the reader.
    /// - Throws: `ConnectorError`, whose sentence says what to do.
    public func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        let problems = configuration.problems()
        if let first = problems.first {
            throw ConnectorError(.permanent, problems.count == 1 ? first : problems.joined(separator: " "))
        }
        return try SlotOpening(configuration).open(
            from: position.map { position throws(ConnectorError) in try SlotPosition(position) })
    }
}
