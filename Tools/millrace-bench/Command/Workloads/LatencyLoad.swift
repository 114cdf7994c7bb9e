import KafkaClient
import Millrace
import RiskScore

/// Sends events and reads their scores, on one thread.
struct LatencyLoad {
    private var events: RiskEvents
    private let partitions: Int32
    private let producer: KafkaProducer
    private let topic: ProducerTopic
    private let consumer: KafkaConsumer
    /// The due times of each partition's events that have not been answered yet.
    private var due: [[Double]]
    private var answered: [Int]
    private var latencies: [Double] = []

    /// - Parameter takesTurns: whether the events are of one account after the other instead of accounts at random.
    init(_ options: BenchOptions, _ cluster: BenchCluster, takesTurns: Bool = false) throws {
        events = RiskEvents(accounts: options.accounts, takesTurns: takesTurns)
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

    /// Sends events at a rate, and waits for their scores. It can be called again.
    mutating func run(rate: Int, count: Int) throws -> LatencyTimes {
        latencies.removeAll(keepingCapacity: true)
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

struct LatencyTimes {
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
