package import NIOSSL

/// The settings of a connection to Redis or Valkey.
package struct RedisSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The server's host; 127.0.0.1 by default.
    package var host = "127.0.0.1"
    /// The server's port; 6379 by default.
    package var port = 6_379
    /// The user; `nil` for the default user.
    package var user: String?
    /// The password; `nil` for none.
    package var password: String?
    /// The number of the database; 0 by default.
    package var database = 0
    /// The settings of TLS; `nil` for a connection without.
    package var tls: TLSConfiguration?
    /// The time limit for connecting; 5 s by default.
    package var connectTimeout: Duration = .seconds(5)
    /// The time limit for the answer to a command; 30 s by default. A command that blocks has its own time on top.
    package var commandTimeout: Duration = .seconds(30)

    package init() {}

    /// The address, for messages.
    package var address: String { "\(host):\(port)" }

    /// The settings without the password.
    package var description: String {
        "\(user.map { $0 + "@" } ?? "")\(address)/\(database)\(tls == nil ? "" : " (TLS)")"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(reflecting: description) }
}
