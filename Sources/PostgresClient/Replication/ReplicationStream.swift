import CPostgres

/// The stream of changes from a replication slot.
///
/// The connection was made with the setting `replication=database`, and is of no other use while the stream is open.
package final class ReplicationStream {
    /// Something that came from the server.
    package enum Event: Sendable, Hashable {
        /// A message of the output plugin, and the position in the log where it begins.
        case message(LogicalMessage, at: LogSequenceNumber)
        /// The server is alive and has sent everything up to a position. It may ask for a confirmation, and ends the connection if it
        /// gets none within its `wal_sender_timeout`.
        case keepalive(LogSequenceNumber, wantsReply: Bool)
    }

    private let connection: PostgresConnection
    private let slot: String

    /// Begins to stream the changes that a slot has not confirmed.
    ///
    /// - Parameters:
    ///   - connection: a connection for replication.
    ///   - slot: the name of a logical slot with the plugin `pgoutput`.
    ///   - publications: the names of the publications that say which tables are sent.
    ///   - position: the position from which to stream. The server begins at the slot's confirmed position if that is later.
    /// - Throws: `PostgresError` if the slot or a publication does not exist or the slot is in use (`55006`).
    package init(
        on connection: PostgresConnection, slot: String, publications: [String], from position: LogSequenceNumber
    ) throws(PostgresError) {
        self.connection = connection
        self.slot = slot
        let names = publications.map(connection.quoted).joined(separator: ",")
        try connection.begin(
            "START_REPLICATION SLOT \(connection.quoted(slot)) LOGICAL \(position) (proto_version '1', publication_names \(Self.option(names)), messages 'true')",
            PGRES_COPY_BOTH)
    }

    /// Options of this statement are texts in which only quotes are doubled.
    private static func option(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    /// Returns the next event.
    ///
    /// - Parameter milliseconds: the time to wait for one.
    /// - Returns: `nil` if none came.
    /// - Throws: `PostgresError` if the server has ended the stream or the connection is lost; `ReplicationProblem`.
    package func next(withinMs milliseconds: Int) throws -> Event? {
        let deadline = Deadline(afterMs: milliseconds)
        while true {
            switch try connection.copyRow(context) {
            case .row(let row):
                defer { row.free() }
                return try Self.event(row)
            case .none:
                guard connection.wait(for: .reading, until: deadline) else { return nil }
                if PQconsumeInput(connection.pointer) == 0 { throw connection.connectionError(context) }
            case .end:
                _ = try connection.lastResult(context)
                throw PostgresError("", "the server has ended the stream", context: context, isConnectionLost: true)
            }
        }
    }

    private var context: String { "stream of the slot \(slot)" }

    private static func event(_ bytes: UnsafeRawBufferPointer) throws -> Event {
        var reader = MessageReader(bytes)
        let kind: UInt8 = try reader.integer()
        switch Character(Unicode.Scalar(kind)) {
        case "w":
            let position = try reader.position()
            // The end of the log, and the server's time.
            _ = try (reader.position(), reader.integer(Int64.self))
            return .message(try LogicalMessage(reader.remaining()), at: position)
        case "k":
            let position = try reader.position()
            _ = try reader.integer(Int64.self)
            return .keepalive(position, wantsReply: try reader.integer(UInt8.self) != 0)
        default: throw ReplicationProblem("the stream has a message of the unknown kind \(kind)")
        }
    }

    /// Tells the server how far the changes are safe. It need not keep what is before.
    ///
    /// - Parameters:
    ///   - confirmed: the position up to which changes are never asked for again.
    ///   - wantsReply: whether the server should answer with a keepalive at once.
    /// - Throws: `PostgresError` if the connection is lost.
    package func confirm(_ confirmed: LogSequenceNumber, wantsReply: Bool = false) throws(PostgresError) {
        var message: [UInt8] = [UInt8(ascii: "r")]
        for position in [confirmed, confirmed, confirmed] {
            withUnsafeBytes(of: position.rawValue.bigEndian) { message.append(contentsOf: $0) }
        }
        // The client's time is for the server's statistics only.
        message.append(contentsOf: repeatElement(0, count: 8))
        message.append(wantsReply ? 1 : 0)
        let status = message.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                PQputCopyData(connection.pointer, $0.baseAddress, Int32(clamping: $0.count))
            }
        }
        if status != 1 { throw connection.connectionError(context) }
        try connection.flush(context)
    }
}
