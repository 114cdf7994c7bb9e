/// A PostgreSQL database, and who connects to it.
///
/// ```swift
/// var server = PostgresServer(host: "db.internal", database: "agents", user: "millrace")
/// server.password = try String(contentsOfFile: "/run/secrets/postgres", encoding: .utf8)
/// server.parameters = ["sslmode": "verify-full", "sslrootcert": "/etc/ssl/ca.pem"]
/// ```
///
/// Descriptions of a server show neither its password nor other secrets.
public struct PostgresServer: Sendable, Hashable {
    /// The host's name or address.
    public var host: String
    /// The port; 5432 by default.
    public var port: Int
    /// The database's name.
    public var database: String
    /// The user's name.
    public var user: String
    /// The user's password; `nil`, the default, for none, or for one in the file that libpq's `passfile` names.
    public var password: String?
    /// Further parameters by libpq's names, such as `sslmode`, `sslrootcert`, `passfile`; none by default.
    public var parameters: [String: String] = [:]
    /// The time limit of connecting and of each statement, in milliseconds; 30,000 by default.
    public var timeLimitMs = 30_000

    /// Makes the description of a server.
    ///
    /// - Parameters:
    ///   - host: the host's name or address; `127.0.0.1` by default.
    ///   - port: the port; 5432 by default.
    ///   - database: the database's name.
    ///   - user: the user's name.
    ///   - password: the user's password; `nil`, the default, for none.
    public init(
        host: String = "127.0.0.1", port: Int = 5_432, database: String, user: String, password: String? = nil
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
    }

    /// Returns a sentence for each setting that cannot be right.
    public func problems() -> [String] {
        var problems: [String] = []
        if host.isEmpty { problems.append("The host is empty: name the server's host.") }
        if !(1...65_535).contains(port) { problems.append("The port \(port) is not between 1 and 65535.") }
        if database.isEmpty { problems.append("The database is empty: name the database.") }
        if user.isEmpty { problems.append("The user is empty: name the user who connects.") }
        if timeLimitMs <= 0 { problems.append("The time limit of \(timeLimitMs) ms is not positive.") }
        for name in parameters.keys.sorted() where Self.reserved.contains(name) {
            problems.append(
                "The parameter \(name) is a setting with a name of its own, or one that is always the same.")
        }
        return problems
    }

    /// The parameters that the connectors set themselves.
    private static let reserved: Set<String> = [
        "host", "port", "dbname", "user", "password", "replication", "options", "client_encoding",
    ]
}

extension PostgresServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The user, host, port and database.
    public var description: String { "\(user)@\(host):\(port)/\(database)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(reflecting: description) }
}
