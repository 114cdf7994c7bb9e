import Foundation
import KafkaClient

/// The outcomes that the writers saw, to be compared with the broker's contents.
struct Ledger {
    static let topic = "ledger"
    static let plainTopic = "plain"
    static let partitions: Int32 = 6

    /// The ends of each writer's transactions.
    var outcomes: [Int: [TransactionOutcome]] = [:]
    /// The number of acknowledged records without a transaction.
    var plain = 0

    static func createTopics(on servers: String) throws {
        let topics = [NewTopic(topic, partitions: partitions), NewTopic(plainTopic, partitions: 1)]
        let results = try KafkaAdmin(Clients.settings(servers)).createTopics(topics, timeoutMs: 10_000)
        for result in results.values { try result.get() }
    }

    var summary: String {
        let all = outcomes.values.flatMap(\.self)
        let (committed, aborted) = (all.filter { $0 == .committed }.count, all.filter { $0 == .aborted }.count)
        return "\(committed) transactions committed, \(aborted) aborted, \(all.count - committed - aborted) without an "
            + "answer; \(plain) records without a transaction"
    }

    /// Returns every difference between the broker's contents and the acknowledgements.
    func problems(on servers: String) throws -> [String] {
        try transactionProblems(on: servers) + plainProblems(on: servers) + offsetProblems(on: servers)
    }

    private func transactionProblems(on servers: String) throws -> [String] {
        var problems: [String] = []
        var found: [Int: [Int: [Int]]] = [:]
        var last: [[Int32]: Int] = [:]
        let partitions = (0..<Self.partitions).map { TopicPartition(Self.topic, $0) }
        try Clients.readAll(partitions, on: servers) { message in
            let fields = String(decoding: message.value ?? .init(start: nil, count: 0), as: UTF8.self)
                .split(separator: ":").compactMap { Int($0) }
            guard fields.count == 3 else { return problems.append("a record that nobody wrote") }
            found[fields[0], default: [:]][fields[1], default: []].append(fields[2])
            let place = [Int32(fields[0]), message.partition]
            if let before = last[place], before > fields[1] {
                problems.append("writer \(fields[0]): transaction \(fields[1]) comes after \(before)")
            }
            last[place] = fields[1]
        }
        let whole = Array(0..<TransactionWriter.recordsPerTransaction)
        for (writer, outcomes) in outcomes.sorted(by: { $0.key < $1.key }) {
            var read = found.removeValue(forKey: writer) ?? [:]
            for (number, outcome) in outcomes.enumerated() {
                let records = (read.removeValue(forKey: number) ?? []).sorted()
                let isRight =
                    switch outcome {
                    case .committed: records == whole
                    case .aborted: records.isEmpty
                    case .unknown: records.isEmpty || records == whole
                    }
                if !isRight { problems.append("writer \(writer), transaction \(number), \(outcome): has \(records)") }
            }
            if !read.isEmpty { problems.append("writer \(writer): \(read.count) transactions that it did not write") }
        }
        return problems
    }

    /// Checks that every acknowledged record is there once, in order.
    private func plainProblems(on servers: String) throws -> [String] {
        var found: [Int] = []
        try Clients.readAll([TopicPartition(Self.plainTopic, 0)], on: servers) { message in
            found.append(Int(String(decoding: message.value ?? .init(start: nil, count: 0), as: UTF8.self)) ?? -1)
        }
        return found == Array(0..<plain) ? [] : ["\(plain) plain records were acknowledged; \(found.count) are there"]
    }

    /// Checks that a group's offset is that of its last committed transaction.
    private func offsetProblems(on servers: String) throws -> [String] {
        var problems: [String] = []
        let partition = TopicPartition(Self.topic, 0)
        for (writer, outcomes) in outcomes.sorted(by: { $0.key < $1.key }) {
            let consumer = try KafkaConsumer(
                Clients.settings(servers).merging(["group.id": TransactionWriter.group(ofWriter: writer)]))
            let offset = try consumer.committed([partition], timeoutMs: 10_000)[partition]?.offset ?? 0
            try consumer.close()
            let committed = (outcomes.lastIndex(of: .committed) ?? -1) + 1
            let isRight =
                offset == committed
                || offset > committed && Int(offset) <= outcomes.count && outcomes[Int(offset) - 1] == .unknown
            if !isRight { problems.append("writer \(writer): offset \(offset) is committed, not \(committed)") }
        }
        return problems
    }
}
