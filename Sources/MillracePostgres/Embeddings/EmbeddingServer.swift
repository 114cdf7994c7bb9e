import Foundation
import MillraceConnect
import MillraceVectors
import PostgresClient

/// One server of embeddings: its connections, each with a thread, and the loads that wait for one of them.
// @unchecked: `state` is only used under the condition's lock; everything else never changes.
final class EmbeddingServer: @unchecked Sendable {
    private struct Job {
        let keys: [EmbeddingKey]
        let deadline: ContinuousClock.Instant
        let end: CheckedContinuation<Result<[EmbeddingKey: Embedding], ConnectorError>, Never>
    }

    private struct State {
        var jobs: [Job] = []
        var isClosed = false
        /// The last measured round trip; `nil` while the server has not answered, or not any more.
        var roundTrip: Duration?
        /// Whether it was no replica when it was last measured.
        var isPrimary = false
    }

    let name: String
    private let server: PostgresServer
    private let configuration: PostgresEmbeddingsConfiguration
    private let interval: Duration
    private let condition = NSCondition()
    private var state = State()

    init(_ server: PostgresServer, _ configuration: PostgresEmbeddingsConfiguration) {
        var server = server
        server.timeLimitMs = min(server.timeLimitMs, configuration.attemptLimitMs)
        self.server = server
        self.configuration = configuration
        interval = .milliseconds(configuration.measureIntervalMs)
        name = server.description
    }

    /// Starts the threads.
    func start() {
        for _ in 0..<configuration.connectionCount { Thread.detachNewThread { self.run() } }
    }

    /// Ends the threads, once each has come back from its server.
    func close() {
        let jobs = withState { state in
            state.isClosed = true
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in jobs { job.end.resume(returning: .failure(Self.closed)) }
    }

    private static let closed = ConnectorError(.permanent, "The source of embeddings is closed.")

    /// The round trip; the longest of all for a server that is away.
    var distance: Duration { withState { $0.roundTrip ?? .seconds(1 << 30) } }

    /// Whether it answers and is no replica.
    var isPrimary: Bool { withState { $0.isPrimary && $0.roundTrip != nil } }

    private func withState<Result>(_ body: (inout State) -> Result) -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return body(&state)
    }

    // MARK: Loads

    /// Loads embeddings over one of the connections.
    ///
    /// - Throws: `ConnectorError`, also if too many loads wait.
    func load(
        _ keys: [EmbeddingKey], until deadline: ContinuousClock.Instant
    ) async throws(ConnectorError) -> [EmbeddingKey: Embedding] {
        let result: Result<[EmbeddingKey: Embedding], ConnectorError> = await withCheckedContinuation { continuation in
            let refusal = withState { state -> ConnectorError? in
                if state.isClosed { return Self.closed }
                if state.jobs.count >= configuration.maxWaitingCount {
                    return ConnectorError(
                        .temporary, "\(state.jobs.count) loads of embeddings wait for \(name) already.")
                }
                state.jobs.append(Job(keys: keys, deadline: deadline, end: continuation))
                return nil
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    // MARK: A thread

    private enum Task {
        case load(Job)
        case measure
        case end
    }

    /// Waits for something to do.
    private func next(measuredAt last: ContinuousClock.Instant) -> Task {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if state.isClosed { return .end }
            if !state.jobs.isEmpty { return .load(state.jobs.removeFirst()) }
            let wait = interval - last.duration(to: .now)
            if wait <= .zero { return .measure }
            _ = condition.wait(until: Date(timeIntervalSinceNow: wait / .seconds(1)))
        }
    }

    private func run() {
        var connection: EmbeddingConnection?
        var last = ContinuousClock.now
        measure(&connection)
        while true {
            switch next(measuredAt: last) {
            case .end: return
            case .measure:
                measure(&connection)
                last = ContinuousClock.now
            case .load(let job):
                guard job.deadline > ContinuousClock.now else {
                    job.end.resume(
                        returning: .failure(ConnectorError(.temporary, "\(name) had no connection free in time.")))
                    continue
                }
                let result = attempt(&connection) { connection throws(ConnectorError) in try connection.load(job.keys) }
                job.end.resume(returning: result)
            }
        }
    }

    private func measure(_ connection: inout EmbeddingConnection?) {
        let result = attempt(&connection) { connection throws(ConnectorError) in try connection.measure() }
        if case .success(let found) = result { withState { ($0.roundTrip, $0.isPrimary) = found } }
    }

    /// Uses the connection, which is made if there is none, and noted as away if it fails.
    private func attempt<Value>(
        _ connection: inout EmbeddingConnection?, _ body: (EmbeddingConnection) throws(ConnectorError) -> Value
    ) -> Result<Value, ConnectorError> {
        do throws(ConnectorError) {
            if let connection { return .success(try body(connection)) }
            let new = try EmbeddingConnection(server, configuration)
            connection = new
            return .success(try body(new))
        } catch {
            guard connection?.isLost ?? true else { return .failure(error) }
            connection = nil
            let waiting = withState { state in
                state.roundTrip = nil
                defer { state.jobs = [] }
                return state.jobs
            }
            // Those who wait ask the next server at once.
            for job in waiting { job.end.resume(returning: .failure(error)) }
            return .failure(error)
        }
    }
}
