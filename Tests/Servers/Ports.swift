import Foundation

/// Returns a port of 127.0.0.1 that nobody used a moment ago. It is not one of those that the system gives to connections, which would take
/// it from a server between two lives, or lose theirs to it.
///
/// - Throws: `ServerProcess.Failure` if there is none.
package func freePort() throws -> Int {
    for _ in 0..<1_000 {
        let port = Int.random(in: 10_000..<30_000)
        if withSocket(port: port, { socket, address, size in bind(socket, address, size) == 0 }) { return port }
    }
    throw ServerProcess.Failure(description: "there is no free port")
}

/// Returns the first bytes that a server on a port of 127.0.0.1 answers within a second; `nil` if nobody listens, the empty text for silence.
func answer(to request: String, on port: Int) -> String? {
    withSocket(port: port) { socket, address, size -> String? in
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard connect(socket, address, size) == 0 else { return nil }
        guard send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count else {
            return ""
        }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(socket, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

private func withSocket<Result>(
    port: Int, _ body: (Int32, UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
