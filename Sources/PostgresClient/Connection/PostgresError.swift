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
    /// The function of the server's own code that reported the error, such as `ExecWithCheckOptions`; empty if it is not known.
    package var origin: String

    package init(
        _ code: String, _ message: String, details: [String] = [], origin: String = "", context: String,
        isConnectionLost: Bool = false
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.origin = origin
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

    /// Whether a policy of the table forbids a row. The code is also that of a missing right, and the words depend on the server's language.
    package var isOfPolicy: Bool { code == "42501" && origin == "ExecWithCheckOptions" }

    /// `connect to 127.0.0.1:5432: 28P01: password authentication failed for user "app"`.
    package var description: String {
        ([context, code, message].filter { !$0.isEmpty }.joined(separator: ": ") + details.map { "; \($0)" }.joined())
    }
}
