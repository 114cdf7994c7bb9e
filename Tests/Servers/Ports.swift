import Foundation

/// Returns a port of 127.0.0.1 that nobody used a moment ago.
///
/// - Throws: `ServerProcess.Failure` if there is none.
package func freePort() throws -> Int {
    let port = withSocket(port: 0) { socket, address, size in
        var size = size
        guard bind(socket, address, size) == 0, getsockname(socket, address, &size) == 0 else { return nil as Int? }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
    }
    guard let port else { throw ServerProcess.Failure(description: "there is no free port") }
    return port
}

/// Returns whether somebody listens on a port of 127.0.0.1.
func isListening(on port: Int) -> Bool {
    withSocket(port: port) { socket, address, size in connect(socket, address, size) == 0 }
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
