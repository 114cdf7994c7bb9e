import ArgumentParser
import KafkaClient
import Millrace
import RiskScore

/// The time after an event at which its score can be read, at fixed rates.
///
/// Every event makes one record of the output, in the order of the partition that both share. So the n-th output of a partition
/// answers its n-th event. An event's time is the time at which it was due, not the time at which it was sent: a sender that
/// falls behind counts against the system. All times are kept and sorted; the percentiles are exact.
struct Latency: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "From an event to its readable score, at fixed rates.")

    @OptionGroup var options: BenchOptions

    @Option(help: "Events per second; several rates run one after the other.")
    var rates: [Int] = Self.defaultRates

    @Option(help: "How long to hold each rate.")
    var seconds = Self.defaultSeconds

    @Option(help: "Point reads of the store a second meanwhile; several numbers run one after the other.")
    var queries: [Int] = [0]

    static let defaultRates = [1_000, 10_000, 40_000, 80_000, 160_000]
    static let defaultSeconds = 6.0

    func run() throws {
        var report = Report()
        try Self.measure(options, rates: rates, seconds: seconds, queries: queries, into: &report)
        try report.print(asJSON: options.json)
    }

    static func measure(
        _ options: BenchOptions, rates: [Int] = defaultRates, seconds: Double = defaultSeconds,
        queries: [Int] = [0], into report: inout Report
    ) throws {
        for (guarantee, flags) in [("exactly once", ["--exactly-once"]), ("at least once", [])] {
            for (rate, queries) in rates.flatMap({ rate in queries.map { (rate, $0) } }) {
                let variant = "\(guarantee), \(rate)/s" + (queries == 0 ? "" : ", \(queries) queries/s")
                if !options.wants(variant) { continue }
                let cluster = try BenchCluster(options)
                defer { cluster.close() }
                try cluster.recreate([RiskScoreTopology.events], partitions: options.partitions)
                let run = try RiskRun(options, cluster)
                // The instance has seen an event before the clock starts.
                let count = Int(Double(rate) * seconds)
                let child = try Child(
                    [
                        "subject", "risk", "--bootstrap", cluster.bootstrapServers, "--group", run.group, "--state",
                        run.state, "--events", "\(count + 1)", "--queries", "\(queries)",
                    ] + flags)
                var load = try LatencyLoad(options, cluster)
                try load.warmUp()
                let times = try load.run(rate: rate, count: count)
                var sample = try child.sample()
                sample.others = times.percentiles
                report.add("latency", variant, [("millrace", [sample])])
                // Once the system is saturated, higher rates show nothing new.
                if times.isSaturated { break }
            }
        }
    }
}

/// Sends events and reads their scores, on one thread.
private struct LatencyLoad {
    private var events: RiskEvents
    private let partitions: Int32
    private let producer: KafkaProducer
    private let topic: ProducerTopic
    private let consumer: KafkaConsumer
    /// The due times of each partition's events that have not been answered yet.
    private var due: [[Double]]
    private var answered: [Int]
    private var latencies: [Double] = []

    init(_ options: BenchOptions, _ cluster: BenchCluster) throws {
        events = RiskEvents(accounts: options.accounts)
        partitions = options.partitions
        producer = try cluster.producer(lingerMs: 1)
        topic = try producer.topic(named: RiskScoreTopology.events)
        consumer = try KafkaConsumer(
            cluster.settings([
                ("group.id", "latency"), ("enable.auto.commit", "false"), ("isolation.level", "read_committed"),
                ("fetch.wait.max.ms", "5"),
            ]))
        try consumer.assign(
            (0..<partitions).map {
                AssignedPartition(TopicPartition(RiskScoreTopology.scores, $0), slot: Int($0), start: .beginning)
            })
        due = Array(repeating: [], count: Int(partitions))
        answered = Array(repeating: 0, count: Int(partitions))
    }

    /// Sends one event and waits for its score.
    mutating func warmUp() throws {
        try send(dueAt: monotonicSeconds())
        let deadline = monotonicSeconds() + 60
        while latencies.isEmpty, monotonicSeconds() < deadline { try receive(waitMs: 10) }
        latencies = []
    }

    mutating func run(rate: Int, count: Int) throws -> LatencyTimes {
        let start = monotonicSeconds()
        var sent = 0
        while sent < count {
            let target = min(count, Int((monotonicSeconds() - start) * Double(rate)))
            while sent < target {
                try send(dueAt: start + Double(sent) / Double(rate))
                sent += 1
                if sent % 500 == 0 { break }
            }
            producer.poll()
            try receive(waitMs: sent < target ? 0 : 1)
        }
        let sendingSeconds = monotonicSeconds() - start
        try producer.flush(timeoutMs: 30_000)
        let deadline = monotonicSeconds() + 60
        while latencies.count < count, monotonicSeconds() < deadline { try receive(waitMs: 10) }
        guard latencies.count == count else { throw BenchError("\(latencies.count) of \(count) scores came") }
        return LatencyTimes(
            sorted: latencies.sorted(), wanted: Double(count) / Double(rate), sending: sendingSeconds,
            all: monotonicSeconds() - start)
    }

    private mutating func send(dueAt time: Double) throws {
        let event = events.next(timestampMs: Int64(time * 1_000))
        let partition = event.key.withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: partitions) }
        due[Int(partition)].append(time)
        try producer.send(
            topic, partition: partition, key: event.key, value: event.value, timestampMs: Int64(time * 1_000))
    }

    private mutating func receive(waitMs: Int32) throws {
        let batch = try consumer.poll(maxMessages: 10_000, timeoutMs: waitMs)
        let now = monotonicSeconds()
        for index in 0..<batch.messages.count {
            let slot = batch.messages[index].slot
            latencies.append(now - due[slot][answered[slot]])
            answered[slot] += 1
        }
    }
}

private struct LatencyTimes {
    let sorted: [Double]
    /// The planned time of sending, its real time, and the time until everything was answered.
    let wanted: Double
    let sending: Double
    let all: Double

    var isSaturated: Bool { all > wanted * 1.2 + 0.5 }

    var percentiles: [String: Double] {
        func at(_ share: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1_000 }
        return [
            "p50 ms": at(0.5), "p99 ms": at(0.99), "p99.9 ms": at(0.999), "answered/s": Double(sorted.count) / all,
        ]
    }
}
