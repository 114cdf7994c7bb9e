import CPostgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The events for which a connection is waited.
struct Readiness: OptionSet {
    let rawValue: Int32

    static let reading = Readiness(rawValue: POLLIN)
    static let writing = Readiness(rawValue: POLLOUT)
}

/// A moment until which to wait.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(afterMs milliseconds: Int) { end = ContinuousClock.now + .milliseconds(max(0, milliseconds)) }

    /// The rest in milliseconds, as `poll` takes it; 0 after the end.
    var restMs: Int32 {
        let rest = ContinuousClock.now.duration(to: end) / Duration.milliseconds(1)
        return rest <= 0 ? 0 : rest >= Double(Int32.max) ? .max : Int32(rest.rounded(.up))
    }
}

extension PostgresConnection {
    /// Waits until the connection can be read or written. Returns whether it can.
    func wait(for readiness: Readiness, until deadline: Deadline) -> Bool {
        while true {
            let socket = PQsocket(pointer)
            // libpq says itself what is wrong with a connection without a socket.
            if socket < 0 { return true }
            var entry = pollfd(fd: socket, events: Int16(truncatingIfNeeded: readiness.rawValue), revents: 0)
            let ready = poll(&entry, 1, deadline.restMs)
            if ready > 0 || (ready < 0 && errno != EINTR) { return true }
            if ready == 0, deadline.restMs == 0 { return false }
        }
    }
}
