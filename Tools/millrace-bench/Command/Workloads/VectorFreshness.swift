import Foundation
import KafkaClient
import Logging
import Millrace
import MillraceRuntime
import MillraceVectors
import VectorBench

/// The time after an event's append until a search finds it: with an instance, its commits and a broker in between.
struct VectorFreshness {
    private struct Entry: Codable, Sendable {
        var embedding: [Float]
    }

    private struct Outstanding {
        var key: String
        var vector: [Float]
        var due: Double
    }

    private static let topic = "vectors"
    private static let commitMs = 100
    private static let ratePerSecond = 200
    private let options: BenchOptions
    private let entries: Int
    private let seconds: Double

    init(_ options: BenchOptions, scale: Double) {
        self.options = options
        entries = max(1_000, Int(20_000 * scale))
        seconds = max(2, 30 * scale)
    }

    func measure(into report: inout Report) async throws {
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        let partitions = min(4, options.partitions)
        try cluster.recreate([Self.topic], partitions: partitions)
        let set = VectorSet.clustered(entries, dimensions: 128, queries: Int(Double(Self.ratePerSecond) * seconds))
        let producer = try cluster.producer(lingerMs: 1)
        let topic = try producer.topic(named: Self.topic)
        for row in 0..<set.count {
            try send("entry-\(row)", set.vector(row), to: topic, of: producer)
            if row % 500 == 0 { producer.poll() }
        }
        try producer.flush(timeoutMs: 30_000)
        let index = VectorIndex<String, Entry>("nearest", of: \.embedding, dimensions: set.dimensions)
        let builder = StreamsBuilder()
        _ = builder.table(
            Self.topic, key: .string, value: .json(Entry.self), into: .store("entries").indexed(by: index))
        var configuration = StreamsConfiguration(
            applicationID: cluster.newGroup(), bootstrapServers: [cluster.bootstrapServers],
            stateDirectory: cluster.newFolder())
        configuration.commitInterval = .milliseconds(Self.commitMs)
        configuration.guarantee = .exactlyOnce
        var logger = Logger(label: "freshness") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let application = StreamsApplication(try builder.build(), configuration: configuration, logger: logger)
        let running = Task { try await application.run() }
        while application.metrics.processedRecords < set.count {
            if application.state.isFinal { throw BenchError("the instance has ended") }
            try await Task.sleep(for: .milliseconds(20))
        }
        let vectors = try application.store(.vectors(index))
        let first = set.vector(0)
        // Every partition can be read after its first commit.
        _ = try await vectors.read(within: .seconds(30)) { try $0.search(near: first, count: 1).matches.count }
        let meter = ProcessMeter()
        let times = try search(vectors, for: set.queries, producer, topic)
        var sample = meter.sample(records: times.count, seconds: seconds)
        sample.others = [
            "p50 ms": UpdateLatency.percentile(times, 0.5) * 1_000,
            "p99 ms": UpdateLatency.percentile(times, 0.99) * 1_000,
            "largest ms": (times.max() ?? 0) * 1_000,
        ]
        let variant = "freshness, \(Self.ratePerSecond)/s, a commit every \(Self.commitMs) ms"
        report.add("vectors", variant, [("millrace", [sample])])
        application.shutdown()
        try await running.value
    }

    private func send(_ key: String, _ vector: [Float], to topic: ProducerTopic, of producer: KafkaProducer) throws {
        let value = "{\"embedding\":[\(vector.map { "\($0)" }.joined(separator: ","))]}"
        try producer.send(
            topic, key: Array(key.utf8), value: Array(value.utf8),
            timestampMs: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    /// Appends vectors at a steady rate and searches for each until it is found. Returns the time from each vector's due time until then.
    private func search(
        _ index: QueryableVectorIndex<String, Entry>, for vectors: [[Float]], _ producer: KafkaProducer,
        _ topic: ProducerTopic
    ) throws -> [Double] {
        var outstanding: [Outstanding] = []
        var times: [Double] = []
        let start = monotonicSeconds()
        let deadline = start + seconds + 30
        var sent = 0
        while times.count < vectors.count {
            let target = min(vectors.count, Int((monotonicSeconds() - start) * Double(Self.ratePerSecond)))
            while sent < target {
                let key = "new-\(sent)"
                try send(key, vectors[sent], to: topic, of: producer)
                outstanding.append(
                    .init(key: key, vector: vectors[sent], due: start + Double(sent) / Double(Self.ratePerSecond)))
                sent += 1
            }
            producer.poll()
            var remaining: [Outstanding] = []
            var isLater = false
            for event in outstanding {
                // The partitions commit together, so the events after one that is not found yet need no search; those in other
                // partitions are searched in the next round.
                if isLater {
                    remaining.append(event)
                } else if try index.search(near: event.vector, count: 1).matches.first?.key == event.key {
                    times.append(monotonicSeconds() - event.due)
                } else {
                    remaining.append(event)
                    isLater = true
                }
            }
            outstanding = remaining
            guard monotonicSeconds() < deadline else {
                throw BenchError(
                    "\(outstanding.count) vectors are not found; the first is \(outstanding.first?.key ?? "")")
            }
            if isLater { usleep(1_000) }
        }
        return times
    }
}
