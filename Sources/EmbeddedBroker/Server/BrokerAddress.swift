import NIOCore

/// A host and a port as clients name them: `broker.example:9092`, `127.0.0.1:9092`, `[::1]:9092`.
package struct BrokerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads HOST:PORT, an IPv6 address in brackets. Nil for anything else, and for a port that clients cannot connect to.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard case .v6? = try? SocketAddress(ipAddress: String(host), port: port) else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let isName = host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._:".contains($0)) }
        guard !host.isEmpty, host.utf8.count <= 255, isName, !Self.isWildcard(String(host)) else { return nil }
        self.init(host: String(host), port: port)
    }

    /// The address itself. An IPv4 address that a dual-stack socket wrote as an IPv6 one becomes an IPv4 address again.
    init?(_ address: SocketAddress?) {
        guard let address, let port = address.port, let ip = address.ipAddress else { return nil }
        let mapped = "::ffff:"
        let isMapped = ip.lowercased().hasPrefix(mapped) && ip.contains(".")
        self.init(host: isMapped ? String(ip.dropFirst(mapped.count)) : ip, port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether it means all addresses of the machine: a socket can be bound to it, but clients cannot connect to it.
    static func isWildcard(_ host: String) -> Bool { ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains(host) }

    /// Whether only this machine reaches it.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
