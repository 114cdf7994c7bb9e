/// A failure reported by PostgreSQL or by libpq.
package struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The five characters of PostgreSQL's error code, such as `23505`; empty if the error is not the server's.
    package var code: String
    /// The server's or libpq's words, without a final line break.
    package var message: String
    /// The server's further words: detail and hint.
    package var details: [String]
    /// The operation, such as `connect to localhost:5432`.
    package var context: String
    /// Whether the connection cannot be used any more.
    package var isConnectionLost: Bool

    package init(
        _ code: String, _ message: String, details: [String] = [], context: String, isConnectionLost: Bool = false
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.context = context
        self.isConnectionLost = isConnectionLost
    }

    /// Whether the same transaction may succeed if it is made again: serialisation failures, deadlocks, a server that starts or
    /// stops, too many connections, and a lost connection.
    package var isRetriable: Bool {
        if isConnectionLost { return true }
        // A password or database that is wrong stays wrong, though its class is that of lost connections.
        return ["40", "53", "57P", "08"].contains { code.hasPrefix($0) } || code == "55P03" || code == "55006"
    }

    /// Whether the error is about the rows that were sent, so that other rows may succeed: data exceptions and violated constraints.
    package var isOfData: Bool { code.hasPrefix("22") || code.hasPrefix("23") }

    /// `connect to 127.0.0.1:5432: 28P01: password authentication failed for user "app"`.
    package var description: String {
        ([context, code, message].filter { !$0.isEmpty }.joined(separator: ": ") + details.map { "; \($0)" }.joined())
    }
}
