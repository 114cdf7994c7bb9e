import ArgumentParser
import Foundation
import Logging
import Millrace
import MillraceRuntime
import RiskScore

/// An instance of Millrace in a separate process. It runs until it has processed `events` records and prints the cost.
struct Subject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var topology: SubjectTopology
    @Option var bootstrap: String
    @Option var group: String
    @Option var state: String
    /// The number of records after which to stop; 0 to stop as soon as it runs; negative to stop when told to.
    @Option var events: Int
    @Option var threads = 1
    @Option var commitMs = 100
    @Flag var exactlyOnce = false
    /// The number of point reads of the risk store that a thread makes each second.
    @Option var queries = 0
    @Flag var verbose = false

    /// The time of the process's start on the shared clock, from the process that starts it.
    @Option var start = monotonicSeconds()

    func run() async throws {
        let meter = ProcessMeter()
        var configuration = StreamsConfiguration(
            applicationID: group, bootstrapServers: [bootstrap], stateDirectory: state)
        configuration.guarantee = exactlyOnce ? .exactlyOnce : .atLeastOnce
        configuration.threads = threads
        configuration.commitInterval = .milliseconds(commitMs)
        var logger = Logger(label: "subject") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .debug : .error
        let application = StreamsApplication(try topology.make(), configuration: configuration, logger: logger)
        if queries > 0 { try ask(application) }
        let watch = Task.detached { await Self.watch(application, until: events) }
        try await application.run()
        let times = await watch.value
        let metrics = application.metrics
        try meter.sample(
            records: max(1, events > 0 ? metrics.processedRecords : metrics.restoredRecords),
            seconds: max(0.001, times.last - times.first),
            others: [
                "running after ms": (times.running - start) * 1_000,
                "first commit after ms": (times.committed - start) * 1_000,
            ].filter { $0.value >= 0 }
        ).printed()
    }

    /// Reads accounts on a thread of its own, some each millisecond, until the application ends.
    private func ask(_ application: StreamsApplication) throws {
        let scores = try application.store(.keyValue(RiskScoreTopology.store, key: .string, value: .double))
        let readsPerRound = max(1, queries / 1_000)
        Thread.detachNewThread {
            var next = 0
            while !application.state.isFinal {
                for _ in 0..<readsPerRound {
                    // The store cannot be read before the instance runs.
                    _ = try? scores.get(RiskEvents.key(next))
                    next = (next + 7_919) % 100_000
                }
                Thread.sleep(forTimeInterval: 0.001)
            }
        }
    }

    private struct Times {
        var running = 0.0
        var first = 0.0
        var committed = 0.0
        var last = 0.0
    }

    /// Notes the times at which the application reached the running state and processed or restored its first and last record,
    /// and then stops it.
    private static func watch(_ application: StreamsApplication, until events: Int) async -> Times {
        var times = Times()
        while !application.state.isFinal {
            let now = monotonicSeconds()
            let metrics = application.metrics
            if times.running == 0, application.state == .running { times.running = now }
            if times.first == 0, metrics.processedRecords + metrics.restoredRecords > 0 { times.first = now }
            if times.committed == 0, metrics.commits > 0 { times.committed = now }
            if times.last == 0, events == 0 ? application.state == .running : metrics.processedRecords >= events,
                events >= 0
            {
                times.last = now
                application.shutdown()
            }
            // Reading the metrics costs 80 µs, so during a run that happens only now and then.
            let isStarting = times.running == 0 || times.first == 0 || times.committed == 0
            try? await Task.sleep(for: .milliseconds(isStarting ? 2 : 10))
        }
        return times
    }
}

/// The topology that the instance runs.
enum SubjectTopology: String, ExpressibleByArgument, CaseIterable {
    /// The reference topology: every update is emitted.
    case risk
    /// The same with the table's cache: the last update of each key at each commit.
    case cachedRisk
    /// stream → mapValues → to.
    case passthrough

    func make() throws -> Topology {
        let builder = StreamsBuilder()
        switch self {
        // No score reaches the threshold: the ceilings have one output only.
        case .risk: RiskScoreTopology(alertThreshold: 2).define(in: builder)
        case .cachedRisk:
            builder
                .stream(
                    RiskScoreTopology.events, key: .string, value: .json(RiskEvent.self),
                    timestamp: .value(\.timestampMs)
                )
                .groupByKey()
                .aggregate(into: .store(RiskScoreTopology.store, value: .double), initial: 0) { _, event, highest in
                    max(event.score, highest)
                }
                .toStream()
                .to(RiskScoreTopology.scores)
        case .passthrough:
            builder.stream(RiskScoreTopology.events, key: .bytes, value: .bytes)
                .mapValues { value in
                    var changed = value
                    changed[0] ^= 1
                    return changed
                }
                .to(RiskScoreTopology.scores)
        }
        return try builder.build()
    }
}
