import ClusterCore
import Millrace

@testable import MillraceTesting

/// The writing of records into partitions of a simulated cluster: by one producer without transactions, and by others whose transactions
/// are open at the same time and of which some are aborted.
///
/// So offsets have gaps where the marks of transactions and aborted records are, and each partition ends with a mark. The broker fails as it does,
/// but these producers do not: they are not what is simulated.
final class SimulatedLoad {
    struct Sent {
        var offset: Int64
        var text: String
        /// The number of its transaction; `nil` for none.
        fileprivate var transaction: Int?
    }

    private struct Producer {
        let transactionalID: String
        var identity: ProducerIdentity?
        var sequences: [Millrace.TopicPartition: Int32] = [:]
        var transaction: Int?
    }

    private let world: SimulatedWorld
    private let partitions: [Millrace.TopicPartition]
    private let count: Int
    private let text: (Int) -> String
    private var producers = (0..<2).map { Producer(transactionalID: "load-\($0)") }
    private var sent: [Millrace.TopicPartition: [Sent]] = [:]
    private var transactionCount = 0
    private var committed: Set<Int> = []

    /// - Parameters:
    ///   - count: the number of records of each partition, aborted ones included.
    ///   - text: makes the value of a record from its number in its partition.
    init(
        _ world: SimulatedWorld, to partitions: [Millrace.TopicPartition], count: Int, text: @escaping (Int) -> String
    ) {
        (self.world, self.partitions, self.count, self.text) = (world, partitions, count, text)
    }

    /// Whether everything is written, and no transaction is open.
    var isComplete: Bool { unfilled.isEmpty && producers.allSatisfy { $0.transaction == nil } }

    /// The records of a partition that a reader of committed records sees, in their order.
    func visible(in partition: Millrace.TopicPartition) -> [Sent] {
        (sent[partition] ?? []).filter { $0.transaction.map(committed.contains) ?? true }
    }

    /// The offset after the last mark of a partition.
    func end(of partition: Millrace.TopicPartition) -> Int64? {
        (try? world.cluster.offsets(of: ClusterCore.TopicPartition(partition)))?.highWatermark
    }

    private var unfilled: [Millrace.TopicPartition] { partitions.filter { sent[$0, default: []].count < count } }

    // MARK: Steps

    /// Writes a record, or ends a transaction.
    ///
    /// - Throws: `KafkaError`, which nothing in a simulation should cause.
    func step() throws {
        let (number, unfilled) = (world.random.below(producers.count + 1), unfilled)
        let isTransactional = number < producers.count
        if isTransactional, producers[number].transaction != nil, unfilled.isEmpty || world.random.chance(0.15) {
            try endTransaction(of: number)
        } else if !unfilled.isEmpty {
            let partition = unfilled[world.random.below(unfilled.count)]
            // The last record of a partition is in a transaction, so that a mark follows it.
            let isLast = sent[partition, default: []].count == count - 1
            try send(to: partition, by: isTransactional ? number : isLast ? 0 : nil)
        }
        world.settle()
    }

    private func send(to partition: Millrace.TopicPartition, by number: Int?) throws {
        let text = text(sent[partition, default: []].count)
        var record = Sent(offset: 0, text: text, transaction: nil)
        guard let number else {
            var writer = RecordBatchWriter()
            writer.append(key: nil, value: Array(text.utf8), headers: [], timestampMs: world.clock.nowMs)
            record.offset = try produce(writer.finish(), to: partition, nil)
            sent[partition, default: []].append(record)
            return
        }
        let identity = try begin(number, with: partition)
        let sequence = producers[number].sequences[partition, default: 0]
        var writer = RecordBatchWriter(producer: identity, baseSequence: sequence, isTransactional: true)
        writer.append(key: nil, value: Array(text.utf8), headers: [], timestampMs: world.clock.nowMs)
        record.offset = try produce(writer.finish(), to: partition, producers[number].transactionalID)
        record.transaction = producers[number].transaction
        producers[number].sequences[partition] = sequence + 1
        sent[partition, default: []].append(record)
    }

    private func produce(
        _ batch: [UInt8], to partition: Millrace.TopicPartition, _ transactionalID: String?
    ) throws -> Int64 {
        try world.cluster.produce(
            batch, to: ClusterCore.TopicPartition(partition), transactionalID: transactionalID,
            nowMs: world.clock.nowMs
        ).baseOffset
    }

    // MARK: Transactions

    /// Adds a partition to the transaction of a producer, which begins one if none is open.
    private func begin(_ number: Int, with partition: Millrace.TopicPartition) throws -> ProducerIdentity {
        let (id, nowMs) = (producers[number].transactionalID, world.clock.nowMs)
        let identity =
            try producers[number].identity
            ?? world.cluster.initProducerID(transactionalID: id, transactionTimeoutMs: 900_000, nowMs: nowMs)
        producers[number].identity = identity
        if producers[number].transaction == nil {
            producers[number].transaction = transactionCount
            transactionCount += 1
        }
        let outcomes = try world.cluster.addPartitionsToTransaction(
            id, producer: identity, partitions: [ClusterCore.TopicPartition(partition)], nowMs: nowMs)
        for outcome in outcomes where outcome.error != .none { throw KafkaError(outcome.error) }
        return identity
    }

    private func endTransaction(of number: Int) throws {
        guard let identity = producers[number].identity, let transaction = producers[number].transaction else { return }
        let commits = world.random.chance(0.7)
        try world.cluster.endTransaction(
            producers[number].transactionalID, producer: identity, commit: commits, nowMs: world.clock.nowMs)
        world.log("load: transaction \(transaction) is \(commits ? "committed" : "aborted")")
        if commits { committed.insert(transaction) }
        producers[number].transaction = nil
    }
}
