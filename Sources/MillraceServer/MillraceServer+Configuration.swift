public import Millrace
public import MillraceRuntime
import NIOCore

extension MillraceServer {
    /// The settings of a server.
    public struct Configuration: Sendable {
        /// The certificates of a server that speaks TLS.
        public struct TLS: Sendable, Hashable {
            /// The path of the server's certificate and those above it, in PEM.
            public var certificateFile: String
            /// The path of the certificate's private key, in PEM.
            public var keyFile: String
            /// The path of the authorities' certificates in PEM, one of which must have signed a client's certificate; `nil` if
            /// clients need no certificate. The same authorities are trusted when requests are forwarded to other instances.
            public var clientAuthorityFile: String?
            /// The path of the authorities' certificates in PEM that are trusted when requests are forwarded to other instances.
            /// By default those of the clients, else those of the system.
            public var peerAuthorityFile: String?

            /// Makes the settings.
            ///
            /// - Parameters:
            ///   - certificateFile: the path of the server's certificate and those above it, in PEM.
            ///   - keyFile: the path of the certificate's private key, in PEM.
            ///   - clientAuthorityFile: the path of the authorities that sign clients' certificates; none are asked for by default.
            ///   - peerAuthorityFile: the path of the authorities of other instances' certificates.
            public init(
                certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil,
                peerAuthorityFile: String? = nil
            ) {
                self.certificateFile = certificateFile
                self.keyFile = keyFile
                self.clientAuthorityFile = clientAuthorityFile
                self.peerAuthorityFile = peerAuthorityFile
            }
        }

        /// The address to listen at. With port 0 the system chooses one.
        public var address: InstanceAddress
        /// The certificates; `nil` for a server without TLS, which listens on the loopback interface only.
        public var tls: TLS?
        /// The path of the file of tokens; `nil` for a server that needs none to read, and on which nobody can operate.
        ///
        /// Each line of the file has rights and a token: `read TOKEN`, `operate TOKEN` or `read,operate TOKEN`.
        public var tokenFile: String?
        /// The bounds of what clients can ask at once.
        public var limits = ServerLimits()
        /// The settings of the instance as `GET /configuration` shows them; by default those of the application.
        public var settings: [SettingDescription]?

        /// Makes the settings of a server.
        ///
        /// - Parameters:
        ///   - address: the address to listen at; by default port 8080 of the loopback interface.
        ///   - tls: the certificates; none by default.
        ///   - tokenFile: the path of the file of tokens; none by default.
        public init(
            address: InstanceAddress = InstanceAddress(host: "127.0.0.1", port: 8080), tls: TLS? = nil,
            tokenFile: String? = nil
        ) {
            self.address = address
            self.tls = tls
            self.tokenFile = tokenFile
        }

        /// Whether nobody outside this machine can reach the address.
        public var isLoopback: Bool {
            let host = address.host.lowercased()
            if host == "localhost" || host == "::1" { return true }
            guard case .v4? = try? SocketAddress(ipAddress: host, port: 0) else { return false }
            return host.hasPrefix("127.")
        }

        /// Returns everything that is wrong, in words; empty if a server can start with it. Files are not read.
        public func problems() -> [String] {
            var problems = limits.problems()
            let isAuthenticated = tokenFile != nil || tls?.clientAuthorityFile != nil
            if !isLoopback, tls == nil || !isAuthenticated {
                problems.append(
                    "to listen at \(address), beyond this machine, the server needs TLS (a certificate and its key) and "
                        + "either a token file or an authority of client certificates")
            }
            return problems
        }
    }
}
