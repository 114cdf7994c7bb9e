import KafkaClient
import Loops
import RiskScore

/// The events that the workloads read, the same ones every time, and their expected results.
struct RiskEvents {
    private var random = LoopNumbers(state: 42)
    private(set) var highest: [Double]
    private(set) var count = 0

    /// Whether the accounts come one after the other instead of at random.
    private let takesTurns: Bool

    init(accounts: Int, takesTurns: Bool = false) {
        self.takesTurns = takesTurns
        highest = Array(repeating: -1, count: accounts)
    }

    static func key(_ account: Int) -> String {
        let digits = String(account)
        return "acct-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    mutating func next(timestampMs: Int64) -> (key: [UInt8], value: [UInt8]) {
        let account = takesTurns ? count % highest.count : Int(random.next() % UInt64(highest.count))
        let score = Double(random.next() % 10_000_000_000_000_000) / 1e16
        highest[account] = max(highest[account], score)
        count += 1
        let key = Self.key(account)
        let text = "{\"account\":\"\(key)\",\"score\":\(score),\"timestampMs\":\(timestampMs)}"
        return (Array(key.utf8), Array(text.utf8))
    }

    /// Writes this many events into `risk-events`.
    mutating func write(_ count: Int, to cluster: BenchCluster) throws {
        let producer = try cluster.producer()
        let topic = try producer.topic(named: RiskScoreTopology.events)
        for index in 0..<count {
            let timestampMs = 1_700_000_000_000 + Int64(self.count)
            let event = next(timestampMs: timestampMs)
            try producer.send(topic, key: event.key, value: event.value, timestampMs: timestampMs)
            if index % 10_000 == 0 { producer.poll() }
        }
        try producer.flush(timeoutMs: 60_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
    }

    /// Checks that the last record of each account in a topic is its highest score.
    func check(_ topic: String, on cluster: BenchCluster) throws {
        var last: [String: Double] = [:]
        try cluster.readAll([topic]) { message in
            guard let key = message.key, let value = message.value, value.count == 8 else {
                throw BenchError("a record of \(topic) is not a key and a score")
            }
            last[String(decoding: key, as: UTF8.self)] = Double(
                bitPattern: UInt64(bigEndian: value.loadUnaligned(as: UInt64.self)))
        }
        let wrong = highest.indices.filter { (last[Self.key($0)] ?? -1) != highest[$0] }
        guard wrong.isEmpty else {
            throw BenchError("\(wrong.count) of \(highest.count) accounts in \(topic) do not have their highest score")
        }
    }
}
