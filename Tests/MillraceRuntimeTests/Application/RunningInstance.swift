import Logging
import Millrace
import MillraceRuntime
import Synchronization
import TestSupport
import Testing

/// An instance of an application that a test runs, with its states and its outcome.
final class RunningInstance: Sendable {
    let application: StreamsApplication
    let log = RecordingLog()
    private let running: Task<Void, any Error>
    private let watching: Task<[ApplicationState], Never>

    /// Starts an instance.
    init(
        _ configuration: StreamsConfiguration, optimization: TopologyOptimization = .none,
        onUncaughtError: @escaping StreamsApplication.UncaughtErrorHandler = { _ in .shutdownClient },
        _ define: (StreamsBuilder) -> Void
    ) throws {
        let builder = StreamsBuilder()
        define(builder)
        let application = StreamsApplication(
            try builder.build(optimization: optimization), configuration: configuration, logger: log.logger,
            uncaughtErrorHandler: onUncaughtError)
        self.application = application
        let changes = application.stateChanges
        watching = Task {
            var states: [ApplicationState] = []
            for await state in changes { states.append(state) }
            return states
        }
        running = Task { try await application.run() }
    }

    deinit {
        application.shutdown()
        running.cancel()
    }

    var metrics: StreamsMetrics { application.metrics }

    /// The situation of the instance, for those who look for the reason of a failure.
    private var situation: String {
        "the instance is \(application.state), its troubles are \(metrics.troubles), its warnings \(log.warnings)"
    }

    func cancel() { running.cancel() }

    /// Waits for a condition on the metrics; fails if the instance ends.
    func awaits(
        _ what: String, within limit: Duration = .seconds(300), sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: (StreamsMetrics) -> Bool
    ) async throws {
        try await eventually(what, within: limit, situation: situation, sourceLocation: sourceLocation) {
            condition(application.metrics) || application.state.isFinal
        }
        if !condition(application.metrics) {
            try await running.value
            throw DeadlinePassed("\(what): the instance stopped, and it")
        }
    }

    func awaits(_ state: ApplicationState, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("state \(state.rawValue)", situation: situation, sourceLocation: sourceLocation) {
            application.state == state
        }
    }

    func awaits(processed count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await awaits("\(count) processed records", sourceLocation: sourceLocation) { $0.processedRecords >= count }
    }

    /// Stops the instance and waits for its end.
    func stop() async throws {
        application.shutdown()
        try await running.value
    }

    /// The error that ends the instance.
    func failure(sourceLocation: SourceLocation = #_sourceLocation) async throws -> StreamsError {
        do {
            try await running.value
        } catch let error as StreamsError {
            return error
        }
        Issue.record("the instance ended without an error", sourceLocation: sourceLocation)
        throw DeadlinePassed("an error")
    }

    /// All states that the instance went through, once it has ended.
    var states: [ApplicationState] {
        get async { await watching.value }
    }
}
