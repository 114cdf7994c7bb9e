import HTTPTypes
import Hummingbird
import NIOCore

/// Decides who may call what.
struct AccessControl: Sendable {
    /// The known tokens; `nil` if none are needed to read.
    var tokens: AccessTokens?
    /// The names under which the server may be called; `nil` for any.
    ///
    /// Where no token is needed, a web page must not reach the server under a name of its own (DNS rebinding).
    var hosts: Set<String>?

    /// - Throws: `Failure` with 421 if the request names another host.
    func checkHost(_ head: HTTPRequest) throws(Failure) {
        guard let hosts, tokens == nil, let authority = head.authority, !authority.isEmpty else { return }
        var name = authority.utf8[...]
        if let colon = name.lastIndex(of: UInt8(ascii: ":")),
            name[colon...].dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        {
            name = name[..<colon]
        }
        if name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]") { name = name.dropFirst().dropLast() }
        let host = String(Substring(name)).lowercased()
        if hosts.contains(host) || (try? SocketAddress(ipAddress: host, port: 0)) != nil { return }
        throw Failure(.misdirectedRequest, "host_unknown", "the server is not called so")
    }

    /// - Throws: `Failure` with 401 or 403.
    func check(_ head: HTTPRequest, for permission: Route.Permission, on channel: any Channel) throws(Failure) {
        if permission == .none { return }
        if try rights(of: head).contains(permission) { return }
        throw Failure(
            .forbidden, "forbidden",
            tokens == nil
                ? "operating needs a token with the right to operate; start the server with --tokens FILE"
                : "the token does not give the right to \(permission.rawValue)")
    }

    /// Returns the rights of whoever sends a request. Without a token file everybody may read, and nobody operate.
    ///
    /// - Throws: `Failure` with 401 if the server needs a token and the request has no known one.
    func rights(of head: HTTPRequest) throws(Failure) -> Set<Route.Permission> {
        guard let tokens else { return [.read] }
        guard let given = head.headerFields[.authorization] else {
            throw Failure(.unauthorized, "token_missing", "the request has no bearer token")
        }
        let words = given.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer", let rights = tokens.rights(of: words[1]) else {
            throw Failure(.unauthorized, "token_unknown", "the token is not known")
        }
        return Set(rights.compactMap(Route.Permission.init))
    }
}
