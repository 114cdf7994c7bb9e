import MillraceConnect
import PostgresClient

/// The stream of a slot's changes.
protocol SlotStream: AnyObject {
    /// Returns the next event; `nil` if none comes within a time.
    ///
    /// - Throws: `ConnectorError`.
    func next(withinMs milliseconds: Int) throws -> ReplicationStream.Event?

    /// Tells the server that it need not keep what is before a position.
    ///
    /// - Throws: `ConnectorError`.
    func confirm(_ position: LogSequenceNumber) throws
}

/// The knowledge of tables that the stream of changes does not have.
protocol TableKnowledge: AnyObject {
    /// Returns the making of JSON of a table's rows; `nil` for a table that was not chosen.
    ///
    /// - Throws: `ConnectorError` for a table whose rows cannot become records any more.
    func shape(of relation: Relation) throws -> TableShape?

    /// Returns the values that some columns have at present.
    ///
    /// - Parameters:
    ///   - columns: the columns' places.
    ///   - row: a row with the key.
    ///   - shape: the shape of the row's table.
    /// - Returns: the values; `nil` if there is no row with the key any more.
    /// - Throws: `ConnectorError`.
    func values(of columns: [Int], forKeyOf row: Row, in shape: TableShape) throws -> [Row.Value]?
}

/// PostgreSQL's own stream.
final class ServerStream: SlotStream {
    private let stream: ReplicationStream

    init(_ stream: ReplicationStream) { self.stream = stream }

    func next(withinMs milliseconds: Int) throws -> ReplicationStream.Event? {
        do { return try stream.next(withinMs: milliseconds) } catch let error as PostgresError {
            // The connection's end may be all that is known of it.
            if error.code.isEmpty || error.isRetriable {
                throw ConnectorError(.temporary, "PostgreSQL ended the stream of changes: \(error)")
            }
            throw ConnectorError(.permanent, "PostgreSQL cannot go on with the stream of changes: \(error)")
        }
    }

    func confirm(_ position: LogSequenceNumber) throws {
        do { try stream.confirm(position) } catch { throw ConnectorError(.temporary, "PostgreSQL: \(error)") }
    }
}
