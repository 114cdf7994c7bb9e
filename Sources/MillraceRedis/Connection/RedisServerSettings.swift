import NIOSSL
import RedisClient

/// The Redis or Valkey server that a connector uses, and how it logs in there.
public struct RedisServerSettings: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// The server's host; 127.0.0.1 by default.
    public var host = "127.0.0.1"
    /// The server's port; 6379 by default.
    public var port = 6_379
    /// The user; `nil`, the default, for the server's default user.
    public var user: String?
    /// The password; `nil`, the default, for none. It is never shown.
    public var password: String?
    /// The number of the database; 0 by default.
    public var database = 0
    /// Whether the connection is encrypted; `false` by default.
    public var usesTLS = false
    /// The path of a file in PEM with the authorities that the server's certificate may be of; `nil`, the default, for those of the system.
    public var authoritiesFile: String?
    /// The path of a file in PEM with this client's certificate; `nil`, the default, for none.
    public var certificateFile: String?
    /// The path of a file in PEM with the private key of the client's certificate; `nil`, the default, for none.
    public var keyFile: String?
    /// The time limit for connecting; 5 s by default.
    public var connectTimeout: Duration = .seconds(5)
    /// The time limit for the answer to a command; 30 s by default.
    public var commandTimeout: Duration = .seconds(30)

    /// Makes settings for a server.
    ///
    /// - Parameters:
    ///   - host: the server's host; 127.0.0.1 by default.
    ///   - port: the server's port; 6379 by default.
    public init(host: String = "127.0.0.1", port: Int = 6_379) {
        self.host = host
        self.port = port
    }

    /// The settings without the password.
    public var description: String {
        "\(user.map { $0 + "@" } ?? "")\(host):\(port)/\(database)\(usesTLS ? " (TLS)" : "")"
    }

    /// A mirror without the password.
    public var customMirror: Mirror { Mirror(reflecting: description) }

    /// The problems of the settings, each a sentence; empty if there are none.
    public func problems() -> [String] {
        var problems: [String] = []
        if host.isEmpty { problems.append("the host of Redis is empty") }
        if !(1...65_535).contains(port) { problems.append("the port of Redis is \(port); it must be from 1 to 65535") }
        if database < 0 { problems.append("the database of Redis is \(database); it must be 0 or more") }
        if user != nil, password == nil { problems.append("a user of Redis needs a password") }
        if !usesTLS, authoritiesFile != nil || certificateFile != nil || keyFile != nil {
            problems.append("files of certificates are given, but TLS is off")
        }
        if (certificateFile == nil) != (keyFile == nil) {
            problems.append("a client's certificate and its private key are needed together")
        }
        if connectTimeout <= .zero || commandTimeout <= .zero {
            problems.append("the time limits of Redis must be more than nothing")
        }
        return problems
    }

    /// The settings of the client.
    ///
    /// - Throws: `RedisError` if a file of certificates cannot be read.
    func clientSettings() throws(RedisError) -> RedisSettings {
        var settings = RedisSettings()
        (settings.host, settings.port, settings.user, settings.password) = (host, port, user, password)
        (settings.database, settings.connectTimeout, settings.commandTimeout) = (
            database, connectTimeout, commandTimeout
        )
        guard usesTLS else { return settings }
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authoritiesFile { tls.trustRoots = .file(authoritiesFile) }
        if let certificateFile, let keyFile {
            do {
                tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            } catch {
                throw .unreachable(
                    address: settings.address, "\(certificateFile) or \(keyFile) cannot be read as PEM: \(error)")
            }
        }
        settings.tls = tls
        return settings
    }
}
