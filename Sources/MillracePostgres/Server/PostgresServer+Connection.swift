import MillraceConnect
import PostgresClient

extension PostgresServer {
    /// The kinds of connection.
    enum Purpose {
        case statements
        case replication
    }

    private func settings(_ purpose: Purpose) -> PostgresSettings {
        var settings: PostgresSettings = [
            "host": host, "port": "\(port)", "dbname": database, "user": user, "client_encoding": "UTF8",
            "application_name": "millrace",
            // A host that vanishes without a word is noticed within a minute.
            "keepalives_idle": "20", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
            // Texts of values are the same everywhere, whatever the database's settings are.
            "options": "-c datestyle=ISO -c intervalstyle=iso_8601 -c timezone=UTC -c bytea_output=hex "
                + "-c extra_float_digits=1",
        ]
        settings["password"] = password
        if purpose == .replication { settings["replication"] = "database" }
        for (name, value) in parameters { settings[name] = value }
        return settings
    }

    /// Connects.
    ///
    /// - Throws: `ConnectorError`, whose sentence says what to do.
    func connect(for purpose: Purpose = .statements) throws(ConnectorError) -> PostgresConnection {
        do { return try PostgresConnection(settings(purpose), limitMs: timeLimitMs) } catch {
            throw refusal(error)
        }
    }

    /// Refuses a standby. The error passes, because a standby may become the primary.
    ///
    /// - Throws: `ConnectorError`.
    func requirePrimary(_ connection: PostgresConnection) throws(ConnectorError) {
        do {
            guard try connection.run("SELECT pg_is_in_recovery()").text(row: 0, column: 0) == "t" else { return }
        } catch { throw ConnectorError(error) }
        throw ConnectorError(
            .temporary,
            "PostgreSQL at \(host):\(port) is a standby: name the primary, or promote this one. With several hosts, target_session_attrs = read-write finds the primary."
        )
    }

    /// Puts the reason why a connection failed into a sentence. Failures of connecting have no code with libpq, only words.
    private func refusal(_ error: PostgresError) -> ConnectorError {
        let words = error.message
        if words.contains("password authentication failed") || words.contains("no password supplied") {
            return ConnectorError(
                .permanent,
                "PostgreSQL at \(host):\(port) refuses the password of the user \(user): correct the password or the user."
            )
        }
        if words.contains("no pg_hba.conf entry") {
            return ConnectorError(
                .permanent,
                "PostgreSQL at \(host):\(port) lets nobody in as \(user) into \(database) from here: add a line to its pg_hba.conf."
            )
        }
        if words.contains("must be superuser or replication role"), words.contains("walsender") {
            return Self.noReplicationRight(user)
        }
        if words.contains("permission denied to start WAL sender") { return Self.noReplicationRight(user) }
        if words.contains("database \"\(database)\" does not exist") {
            return ConnectorError(
                .permanent,
                "PostgreSQL at \(host):\(port) has no database \(database): correct its name or create the database.")
        }
        if words.contains("role \"\(user)\" does not exist") {
            return ConnectorError(
                .permanent, "PostgreSQL at \(host):\(port) has no user \(user): correct the name or create the user.")
        }
        if words.contains("invalid connection option") || words.contains("invalid sslmode") {
            return ConnectorError(.permanent, "A parameter of the connection is wrong: \(words).")
        }
        return ConnectorError(
            .temporary,
            "PostgreSQL at \(host):\(port) cannot be reached: check host and port, and that the server runs (\(words))."
        )
    }

    static func noReplicationRight(_ user: String) -> ConnectorError {
        ConnectorError(
            .permanent, "The user \(user) may not replicate: run ALTER ROLE \(user) REPLICATION as a superuser.")
    }
}

extension ConnectorError {
    /// Makes an error of a failed statement.
    init(_ error: PostgresError) {
        self.init(error.isRetriable ? .temporary : .permanent, "PostgreSQL: \(error)")
    }

    /// Returns an error as one of a connector.
    static func of(_ error: any Error) -> ConnectorError {
        switch error {
        case let error as ConnectorError: error
        case let error as PostgresError: ConnectorError(error)
        default: ConnectorError(.permanent, "PostgreSQL: \(error)")
        }
    }
}
