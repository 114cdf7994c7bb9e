import Foundation
import KafkaClient
import Millrace
import MillraceRuntime
import RiskScore
import Synchronization

/// Shows the progress: drawn in place on a terminal, a line every second elsewhere.
final class LiveView: Sendable {
    private let broker: DemoBroker
    private let application: StreamsApplication
    private let generator: Generator
    private let console: String
    private let stopped = Atomic<Bool>(false)

    /// The results that were read so far.
    fileprivate struct Results {
        var scores: [String: Double] = [:]
        var alerts = 0
        var updates = 0

        var highest: [(account: String, score: Double)] {
            scores.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(5).map { ($0.key, $0.value) }
        }
    }

    init(broker: DemoBroker, application: StreamsApplication, generator: Generator, console: String) {
        self.broker = broker
        self.application = application
        self.generator = generator
        self.console = console
    }

    func stop() { stopped.store(true, ordering: .relaxed) }

    /// Reads the results as they are committed and prints until stopped. Blocks.
    func run() throws {
        let (consumer, _) = try broker.consumer(of: [RiskScoreTopology.scores, RiskScoreTopology.alerts])
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var results = Results()
        var last = (time: ContinuousClock.now, processed: 0)
        var drawn = 0
        while !stopped.load(ordering: .relaxed) {
            for message in try consumer.poll(maxMessages: 5_000, timeoutMs: 100).messages { results.add(message) }
            let elapsed = last.time.duration(to: .now) / .seconds(1)
            guard elapsed >= 1 else { continue }
            let metrics = application.metrics
            let rate = Double(metrics.processedRecords - last.processed) / elapsed
            last = (.now, metrics.processedRecords)
            if isTerminal {
                if drawn > 0 { print("\u{1b}[\(drawn)A\u{1b}[J", terminator: "") }
                let lines = panel(results, metrics, rate)
                drawn = lines.count
                print(lines.joined(separator: "\n"))
            } else {
                print(line(results, metrics, rate))
            }
            fflush(nil)
        }
        try consumer.close()
    }

    private func line(_ results: Results, _ metrics: StreamsMetrics, _ rate: Double) -> String {
        let top = results.highest.first.map { "\($0.account) \($0.score)" } ?? "–"
        return "\(application.state.rawValue)  \(Int(rate)) events/s  processed \(metrics.processedRecords) of "
            + "\(generator.written)  accounts \(results.scores.count)  highest \(top)  alerts \(results.alerts)  "
            + "dead letters \(metrics.deadLetteredRecords)  lag \(metrics.lag)"
            + (metrics.troubles.isEmpty ? "" : "  trouble: \(metrics.troubles.joined(separator: "; "))")
    }

    private func panel(_ results: Results, _ metrics: StreamsMetrics, _ rate: Double) -> [String] {
        let dropped = metrics.droppedRecords.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
        var lines = [
            "console      \(console)",
            "state        \(application.state.rawValue), tasks \(metrics.tasks.joined(separator: " "))",
            "events       \(generator.written) written, \(metrics.processedRecords) processed, \(Int(rate))/s",
            "lag          \(metrics.lag)",
            "accounts     \(results.scores.count), \(results.updates) updates",
            "alerts       \(results.alerts)",
            "dropped      \(dropped.isEmpty ? "none" : dropped)",
            "dead letters \(metrics.deadLetteredRecords)",
            "highest      " + results.highest.map { "\($0.account) \($0.score)" }.joined(separator: "  "),
        ]
        lines += metrics.troubles.map { "trouble      \($0)" }
        return lines
    }
}

extension LiveView.Results {
    fileprivate mutating func add(_ message: ConsumedMessage) {
        guard let key = message.key, let value = message.value, value.count == 8 else { return }
        if message.topic == RiskScoreTopology.alerts {
            alerts += 1
            return
        }
        updates += 1
        let bits = UInt64(bigEndian: value.loadUnaligned(as: UInt64.self))
        scores[String(decoding: key, as: UTF8.self)] = Double(bitPattern: bits)
    }
}
