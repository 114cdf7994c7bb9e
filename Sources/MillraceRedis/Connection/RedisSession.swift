package import RedisClient

/// A connection to Redis on which one thread sends commands and waits for the answers.
package protocol RedisSession: AnyObject {
    /// Sends commands in one piece.
    ///
    /// - Parameters:
    ///   - commands: the commands.
    ///   - blockingMs: the time for which the server may hold the answers back.
    /// - Returns: the answers to come.
    func start(_ commands: [RedisCommand], blockingMs: Int) -> any RedisReplies

    /// Ends the connection.
    func close()
}

extension RedisSession {
    /// Sends a command and returns the answer.
    ///
    /// - Throws: `RedisError`; `.refused` if the server answers with an error.
    func send(_ command: RedisCommand, blockingMs: Int = 0) throws(RedisError) -> RedisValue {
        let answers = try start([command], blockingMs: blockingMs).wait()
        return try RedisAnswer.checked(answers.first, command.name)
    }

    /// Sends commands as one transaction and returns their answers.
    ///
    /// - Throws: `RedisError`; `.refused` if the server refuses one of them.
    func sendTogether(_ commands: [RedisCommand]) throws(RedisError) -> [RedisValue] {
        let wantsEncodedAnswers = commands.contains { $0.wantsEncodedAnswer }
        let execution: RedisCommand = ["EXEC"]
        let together = [["MULTI"]] + commands + [wantsEncodedAnswers ? execution.withEncodedAnswer : execution]
        let answers = try start(together, blockingMs: 0).wait()
        for (answer, command) in zip(answers.dropFirst(), commands) {
            _ = try RedisAnswer.checked(answer, command.name)
        }
        let results = try RedisAnswer.results(of: RedisAnswer.checked(answers.last, "EXEC"), commands)
        guard results.count == commands.count else {
            throw .protocolProblem("EXEC has not answered with the results")
        }
        for (result, command) in zip(results, commands) { _ = try RedisAnswer.checked(result, command.name) }
        return results
    }
}

/// The answers of a server.
enum RedisAnswer {
    /// Returns an answer that is no failure.
    ///
    /// - Throws: `RedisError`.
    static func checked(_ answer: RedisValue?, _ command: String) throws(RedisError) -> RedisValue {
        switch answer {
        case .failure(let words): throw .refused(words, command: command)
        case .some(let answer): return answer
        case nil: throw .protocolProblem("\(command) has no answer")
        }
    }

    /// Returns the results of commands that were sent as one transaction.
    fileprivate static func results(
        of answer: RedisValue, _ commands: [RedisCommand]
    ) throws(RedisError) -> [RedisValue] {
        guard case .encoded(let bytes) = answer else { return answer.elements ?? [] }
        return try RedisCursor.read(bytes) { (cursor, _) throws(RedisError) in
            guard let count = try cursor.array(), count == commands.count else { return [] }
            var results: [RedisValue] = []
            for command in commands {
                results.append(
                    try command.wantsEncodedAnswer ? cursor.encodedValue(of: bytes) : cursor.value(of: bytes))
            }
            return results
        }
    }
}

/// The answers to commands that are under way.
package protocol RedisReplies {
    /// Waits for the answers and returns them, `.failure` among them.
    ///
    /// - Throws: `RedisError` if not all of them come.
    func wait() throws(RedisError) -> [RedisValue]
}

extension RedisAnswers: RedisReplies {}

/// Opens connections.
package protocol RedisSessions: Sendable {
    /// The server's address, for messages.
    var address: String { get }

    /// - Throws: `RedisError`.
    func open() throws(RedisError) -> any RedisSession
}

/// Connections to a real server.
struct LiveSessions: RedisSessions {
    let server: RedisServerSettings

    var address: String { "\(server.host):\(server.port)" }

    func open() throws(RedisError) -> any RedisSession {
        LiveSession(connection: try RedisConnection.connectAndWait(try server.clientSettings()))
    }
}

private final class LiveSession: RedisSession {
    private let connection: RedisConnection

    init(connection: RedisConnection) { self.connection = connection }

    func start(_ commands: [RedisCommand], blockingMs: Int) -> any RedisReplies {
        connection.start(commands, blocking: .milliseconds(blockingMs))
    }

    // The connection closes its channel when it is released.
    func close() {}
}
