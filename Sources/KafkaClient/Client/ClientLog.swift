import Synchronization

/// One line of librdkafka's log.
package struct ClientLogLine: Sendable {
    /// Syslog severity: 3 error, 4 warning, 5 notice, 6 info, 7 debug.
    package let level: Int
    /// librdkafka's short name for the place, such as `FAIL` or `MAXPOLL`.
    package let facility: String
    package let message: String
}

/// Receives log lines, on any of librdkafka's threads: it must return quickly and never call back into the client.
package typealias ClientLogHandler = @Sendable (ClientLogLine) -> Void

/// The reports of a client outside the results of calls: log lines, errors, a fatal error.
///
/// Log lines arrive on librdkafka's threads, errors on the thread that polls.
final class ClientLog: Sendable {
    private struct State {
        var diagnosis = ConnectionDiagnosis()
        var errors: [KafkaError] = []
        var fatalError: KafkaError?
    }

    /// Beyond this number older errors are dropped, because possibly no caller takes them.
    private static let keptErrors = 64

    private let handler: ClientLogHandler?
    private let state = Mutex(State())

    init(_ handler: ClientLogHandler?) {
        self.handler = handler
    }

    func write(level: Int, facility: String, message: String) {
        if level <= 4 { state.withLock { $0.diagnosis.observe(facility: facility, message: message) } }
        handler?(ClientLogLine(level: level, facility: facility, message: message))
    }

    func record(_ error: KafkaError) {
        state.withLock { state in
            if error.isFatal {
                state.fatalError = state.fatalError ?? error
            }
            if state.errors.count == Self.keptErrors { state.errors.removeFirst() }
            state.errors.append(error)
        }
    }

    /// The errors since the last call, oldest first.
    func takeErrors() -> [KafkaError] {
        state.withLock { state in
            guard !state.errors.isEmpty else { return [] }
            defer { state.errors = [] }
            return state.errors
        }
    }

    var fatalError: KafkaError? { state.withLock { $0.fatalError } }

    /// The reason why no broker can be reached, as far as the log says.
    var connectionProblem: String? { state.withLock { $0.diagnosis.sentence() } }
}
