import Glibc
import Millrace
import MillraceRuntime
import NIOCore
import Synchronization

/// A free port that stays this process's until its server listens there.
///
/// An instance tells its group where its server listens before the server does. So a port that the system chooses has to be known
/// earlier. A socket that is bound to it, and does not listen, keeps the system from giving the port to others; the server can bind to
/// it all the same, because both sockets have `SO_REUSEADDR`.
final class PortReservation: Sendable {
    private struct State {
        var address: InstanceAddress?
        var descriptor: Int32?
    }

    private let state = Mutex(State())

    deinit { release() }

    /// The address that was reserved; nil if none was.
    var address: InstanceAddress? { state.withLock(\.address) }

    /// Returns an address with a free port, the same one each time.
    ///
    /// - Throws: ``ServerError`` if the host is none of this machine.
    func reserve(host: String) throws(ServerError) -> InstanceAddress {
        let resolved: SocketAddress
        do { resolved = try SocketAddress.makeAddressResolvingHost(host, port: 0) } catch {
            throw ServerError("there is no address of the host \(host)")
        }
        let result: Result<InstanceAddress, ServerError> = state.withLock { state in
            if let address = state.address { return .success(address) }
            let descriptor = socket(
                resolved.protocol == .inet6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
            guard descriptor >= 0 else { return .failure(Self.failure(host)) }
            guard let port = Self.bind(descriptor, to: resolved) else {
                defer { close(descriptor) }
                return .failure(Self.failure(host))
            }
            let address = InstanceAddress(host: host, port: port)
            state = State(address: address, descriptor: descriptor)
            return .success(address)
        }
        return try result.get()
    }

    /// Gives the socket up; the server listens, or will not.
    func release() {
        state.withLock { state in
            if let descriptor = state.descriptor { close(descriptor) }
            state.descriptor = nil
        }
    }

    /// Returns the port; nil if the socket cannot be bound.
    private static func bind(_ descriptor: Int32, to address: SocketAddress) -> Int? {
        var reuses: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, size) == 0,
            address.withSockAddr({ Glibc.bind(descriptor, $0, socklen_t($1)) }) == 0
        else { return nil }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.baseAddress.map { getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &length) } ?? -1
        }
        guard status == 0 else { return nil }
        // The port stands at the same place in the addresses of both families.
        return withUnsafeBytes(of: storage) { bytes in
            Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }

    private static func failure(_ host: String) -> ServerError {
        ServerError("no port is free at \(host): \(String(cString: strerror(errno)))")
    }
}
