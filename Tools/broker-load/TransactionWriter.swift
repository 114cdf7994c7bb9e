import Foundation
import KafkaClient

/// The end of a transaction, as its writer saw it.
enum TransactionOutcome: Sendable {
    case committed, aborted
    /// The producer was lost before it got an answer.
    case unknown
}

/// Writes numbered transactions, each over several partitions and with an offset, and notes their outcomes.
struct TransactionWriter {
    static let recordsPerTransaction = 8

    private let number: Int
    private let servers: String
    private let progress: Counter
    private var random: SeededGenerator
    private var producer: KafkaProducer?
    private var outcomes: [TransactionOutcome] = []

    init(_ number: Int, _ servers: String, seed: UInt64, progress: Counter) {
        self.number = number
        self.servers = servers
        self.progress = progress
        random = SeededGenerator(seed: seed &+ UInt64(number) &+ 1)
    }

    static func group(ofWriter number: Int) -> String { "writer-\(number)" }

    /// Writes transactions until `stop` is set. Returns the outcome of each, in order.
    mutating func run(until stop: Flag) throws -> [TransactionOutcome] {
        // The member under which the offsets are committed; it never joins.
        let consumer = try KafkaConsumer(
            Clients.settings(servers).merging(["group.id": Self.group(ofWriter: number)]))
        let group = try consumer.groupMetadata()
        while !stop.isSet {
            outcomes.append(.unknown)
            do throws(KafkaError) {
                outcomes[outcomes.count - 1] = try write(outcomes.count - 1, group)
                progress.increment()
            } catch {
                // It is unknown whether this transaction was committed. A new producer aborts it if it is still open.
                guard error.isFatal else { throw error }
                producer = nil
            }
        }
        // A transaction that a lost producer left open would hide all later commits of other writers from readers.
        _ = try current()
        try consumer.close()
        return outcomes
    }

    private mutating func write(
        _ transaction: Int, _ group: ConsumerGroupMetadata
    ) throws(KafkaError) -> TransactionOutcome {
        let producer = try current()
        let commits = Int.random(in: 0..<10, using: &random) > 0
        try producer.beginTransaction()
        do throws(KafkaError) {
            let topic = try producer.topic(named: Ledger.topic)
            for index in 0..<Self.recordsPerTransaction {
                try send("\(number):\(transaction):\(index)", to: topic, index, producer)
            }
            let offset = [TopicPartition(Ledger.topic, 0): CommittedOffset(Int64(transaction + 1))]
            try Clients.retrying { () throws(KafkaError) in
                try producer.sendOffsets(offset, group: group, timeoutMs: 5_000)
            }
            if commits {
                try Clients.retrying { () throws(KafkaError) in try producer.commitTransaction(timeoutMs: 5_000) }
                return .committed
            }
        } catch {
            guard error.requiresAbort else { throw error }
        }
        try Clients.retrying { () throws(KafkaError) in try producer.abortTransaction(timeoutMs: 5_000) }
        producer.forgetDeliveryFailures()
        return .aborted
    }

    private func send(
        _ text: String, to topic: ProducerTopic, _ index: Int, _ producer: KafkaProducer
    ) throws(KafkaError) {
        let partition = Int32((number + index) % Int(Ledger.partitions))
        try Clients.send(text, to: topic, partition: partition, producer)
    }

    private mutating func current() throws(KafkaError) -> KafkaProducer {
        if let producer { return producer }
        let created = try KafkaProducer(
            Clients.settings(servers).merging([
                "transactional.id": "writer-\(number)", "transaction.timeout.ms": "20000", "linger.ms": "1",
            ]))
        try Clients.retrying { () throws(KafkaError) in try created.initTransactions(timeoutMs: 5_000) }
        producer = created
        return created
    }
}

/// Writes numbered records without transactions, each acknowledged once.
struct PlainWriter {
    private let servers: String

    init(_ servers: String) { self.servers = servers }

    /// Writes until `stop` is set. Returns the number of acknowledged records, which are numbered from 0.
    func run(until stop: Flag) throws -> Int {
        let producer = try KafkaProducer(
            Clients.settings(servers).merging(["enable.idempotence": "true", "linger.ms": "1"]))
        let topic = try producer.topic(named: Ledger.plainTopic)
        var count = 0
        while !stop.isSet {
            for _ in 0..<20 {
                try Clients.send("\(count)", to: topic, partition: 0, producer)
                count += 1
            }
            try Clients.retrying { () throws(KafkaError) in try producer.flush(timeoutMs: 5_000) }
            if let failure = producer.takeDeliveryFailure() { throw failure.error }
        }
        return count
    }
}
