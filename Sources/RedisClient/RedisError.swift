/// A failure of Redis or of the connection to it.
package enum RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The server refused a command. The words begin with a word in capitals, such as `NOAUTH` or `WRONGTYPE`.
    case refused(String, command: String)
    /// The connection could not be made.
    case unreachable(address: String, String)
    /// The connection ended. A command that was under way may have taken effect or not.
    case disconnected(address: String)
    /// No answer came in time. The connection is closed, because its answers would belong to other commands.
    case timedOut(address: String, command: String)
    /// The server has sent what is not its protocol.
    case protocolProblem(String)

    /// Whether the same command may succeed later, on another connection: the server was away, is loading, is a replica or busy.
    package var isRetriable: Bool {
        switch self {
        case .refused(let words, _):
            ["LOADING", "BUSY ", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM"].contains {
                words.hasPrefix($0)
            }
        case .unreachable, .disconnected, .timedOut: true
        case .protocolProblem: false
        }
    }

    package var description: String {
        switch self {
        case .refused(let words, let command): "\(command): \(words)"
        case .unreachable(let address, let reason): "connect to \(address): \(reason)"
        case .disconnected(let address): "the connection to \(address) has ended"
        case .timedOut(let address, let command): "\(command): no answer from \(address) in time"
        case .protocolProblem(let problem): "the answer is not Redis' protocol: \(problem)"
        }
    }
}
