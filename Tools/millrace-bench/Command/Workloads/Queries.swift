import ArgumentParser
import Foundation
import Logging
import Millrace
import MillraceRuntime
import RiskScore
import Synchronization

/// The number of point reads of its stores that an instance answers, while its worker is idle and while it processes.
struct Queries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Point reads of a store by one and two threads, with an idle worker and with a busy one.")

    @OptionGroup var options: BenchOptions

    @Option(help: "How long each measurement reads.")
    var seconds = 3.0

    func run() async throws {
        var report = Report()
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        try cluster.recreate(
            [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts],
            partitions: options.partitions)
        var events = RiskEvents(accounts: options.accounts)
        try events.write(options.events, to: cluster)
        let application = StreamsApplication(
            try SubjectTopology.risk.make(), configuration: configuration(cluster),
            logger: Logger(label: "queries") { StreamLogHandler.standardError(label: $0) })
        let scores = try application.store(.keyValue(RiskScoreTopology.store, key: .string, value: .double))
        let running = Task { try await application.run() }
        try await processed(options.events, by: application)
        for (variant, isBusy) in [("resting", false), ("processing", true)] where options.wants(variant) {
            if isBusy { try events.write(options.events * 4, to: cluster) }
            for readers in 1...2 {
                var samples: [Sample] = []
                for _ in 0..<options.repetitions {
                    let meter = ProcessMeter()
                    let before = application.metrics.processedRecords
                    let reads = try Self.read(scores, options.accounts, readers: readers, seconds: seconds)
                    let processed = Double(application.metrics.processedRecords - before)
                    samples.append(
                        meter.sample(records: reads, seconds: seconds, others: ["processed/s": processed / seconds]))
                }
                report.add("queries", "\(readers) reading, worker \(variant)", [("millrace", samples)])
            }
        }
        application.shutdown()
        try await running.value
        try report.print(asJSON: options.json)
    }

    private func configuration(_ cluster: BenchCluster) -> StreamsConfiguration {
        var configuration = StreamsConfiguration(
            applicationID: cluster.newGroup(), bootstrapServers: [cluster.bootstrapServers],
            stateDirectory: cluster.newFolder())
        configuration.commitInterval = .milliseconds(100)
        return configuration
    }

    private func processed(_ count: Int, by application: StreamsApplication) async throws {
        while application.metrics.processedRecords < count {
            if application.state.isFinal { throw BenchError("the instance has ended") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Reads random accounts on this many threads. Returns the number of reads.
    private static func read(
        _ scores: QueryableKeyValueStore<String, Double>, _ accounts: Int, readers: Int, seconds: Double
    ) throws -> Int {
        let total = Total()
        let hasEnded = DispatchSemaphore(value: 0)
        for reader in 0..<readers {
            Thread.detachNewThread {
                do { total.add(try read(scores, accounts, seed: reader, seconds: seconds)) } catch { total.fail(error) }
                hasEnded.signal()
            }
        }
        for _ in 0..<readers { hasEnded.wait() }
        return try total.result()
    }

    private static func read(
        _ scores: QueryableKeyValueStore<String, Double>, _ accounts: Int, seed: Int, seconds: Double
    ) throws -> Int {
        let keys = (0..<accounts).map(RiskEvents.key)
        let end = monotonicSeconds() + seconds
        var (reads, place) = (0, seed)
        while true {
            for _ in 0..<1_000 {
                // The step is coprime to any usual number of accounts.
                place = (place + 7_368_787) % accounts
                guard let score = try scores.get(keys[place]), score >= 0 else { continue }
                reads += 1
            }
            if monotonicSeconds() >= end { return reads }
        }
    }

    private final class Total: Sendable {
        private let state = Mutex<(reads: Int, error: (any Error)?)>((0, nil))

        func add(_ reads: Int) { state.withLock { $0.reads += reads } }
        func fail(_ error: any Error) { state.withLock { $0.error = error } }

        func result() throws -> Int {
            try state.withLock { state in
                if let error = state.error { throw error }
                return state.reads
            }
        }
    }
}
