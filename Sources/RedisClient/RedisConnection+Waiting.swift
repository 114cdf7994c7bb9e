import NIOCore

/// The use of a connection by a thread that waits for the answers.
extension RedisConnection {
    /// Sends commands in one piece.
    ///
    /// - Parameters:
    ///   - commands: the commands.
    ///   - blocking: the time for which the server may hold the answers back, for commands that wait; none by default.
    /// - Returns: the answers to come.
    package func start(_ commands: [RedisCommand], blocking: Duration = .zero) -> RedisAnswers {
        RedisAnswers(futures: futures(of: commands, blocking: blocking), connection: self)
    }
}

/// The answers to commands that are under way.
package struct RedisAnswers: Sendable {
    let futures: [EventLoopFuture<RedisValue>]
    /// The connection, which would end with its last owner.
    let connection: RedisConnection

    /// Waits for the answers and returns them., `.failure` among them.
    ///
    /// - Throws: `RedisError` if not all of them come.
    package func wait() throws(RedisError) -> [RedisValue] {
        var answers: [RedisValue] = []
        answers.reserveCapacity(futures.count)
        for future in futures {
            do { answers.append(try future.wait()) } catch { throw RedisError(error, at: connection.address) }
        }
        return answers
    }
}

extension RedisError {
    init(_ error: any Error, at address: String) {
        self = error as? RedisError ?? .unreachable(address: address, "\(error)")
    }
}
