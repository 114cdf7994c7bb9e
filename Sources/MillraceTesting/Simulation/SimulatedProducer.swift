import ClusterCore
import Millrace
import MillraceEngine

/// A producer that behaves as the client library's: batches, sequence numbers, transactions.
final class SimulatedProducer: ProducerPort {
    private let world: SimulatedWorld
    private let process: SimulatedProcess
    /// `nil` for a producer without transactions.
    private let transactionalID: String?
    private var identity = ProducerIdentity.none
    private var topics: [String] = []
    private var queued: [ClusterCore.TopicPartition: [Queued]] = [:]
    private var inTransaction: Set<ClusterCore.TopicPartition> = []
    private var sequences: [ClusterCore.TopicPartition: Int32] = [:]
    private var nextOffsets: [ClusterCore.TopicPartition: Int64] = [:]

    fileprivate struct Queued {
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
        var headers: [RecordHeader]
    }

    init(world: SimulatedWorld, process: SimulatedProcess, transactionalID: String?) {
        self.world = world
        self.process = process
        self.transactionalID = transactionalID
    }

    func initTransactions() throws(PortError) {
        identity = try world.request("init producer", for: .transaction, by: process) { () throws(KafkaError) in
            try world.cluster.initProducerID(
                transactionalID: transactionalID, transactionTimeoutMs: 10_000, nowMs: world.clock.nowMs)
        }
        sequences = [:]
    }

    func beginTransaction() throws(PortError) { inTransaction = [] }

    func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        guard let transactionalID else {
            throw PortError(.fatal, "this producer has no transactional id")
        }
        try flush()
        let member = GroupMembership(group)
        try world.request("add offsets to transaction", for: .transaction, by: process) { () throws(KafkaError) in
            try world.cluster.addOffsetsToTransaction(
                transactionalID, producer: identity, groupID: member.groupID, nowMs: world.clock.nowMs)
        }
        let wanted = offsets.forCluster
        try world.request("commit offsets in transaction", for: .transaction, by: process) { () throws(KafkaError) in
            let outcomes = try world.cluster.commitTransactionOffsets(
                transactionalID, producer: identity, member: member, offsets: wanted, nowMs: world.clock.nowMs)
            for outcome in outcomes where outcome.error != .none { throw KafkaError(outcome.error) }
        }
        try end(transactionalID, commit: true)
    }

    func commitTransaction() throws(PortError) {
        guard let transactionalID else {
            throw PortError(.fatal, "this producer has no transactional id")
        }
        try flush()
        if !inTransaction.isEmpty { try end(transactionalID, commit: true) }
    }

    func abortTransaction() throws(PortError) {
        queued = [:]
        guard let transactionalID else { return }
        try end(transactionalID, commit: false)
    }

    private func end(_ transactionalID: String, commit: Bool) throws(PortError) {
        // Only the client knows of an empty transaction.
        if !commit, inTransaction.isEmpty { return }
        try world.request(commit ? "commit" : "abort", for: .transaction, by: process) { () throws(KafkaError) in
            try world.cluster.endTransaction(
                transactionalID, producer: identity, commit: commit, nowMs: world.clock.nowMs)
        }
        inTransaction = []
    }

    func topic(named name: String) throws(PortError) -> Int {
        if let number = topics.firstIndex(of: name) { return number }
        topics.append(name)
        return topics.count - 1
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        let name = topics[topic]
        guard let description = try? world.cluster.describeTopic(name) else {
            var error = PortError(KafkaError(.unknownTopicOrPartition), in: .produce, during: "produce to \(name)")
            error.refused = RefusedRecord(topic: name, partition: partition ?? -1, key: key, value: value)
            throw error
        }
        let chosen = partition ?? KafkaPartitioner.partition(for: key, count: description.partitionCount)
        if name.hasSuffix("-changelog"), world.random.chance(world.faults.refusedChanges) {
            world.log("\(process.name): a change is refused by \(name)")
            throw PortError(KafkaError(.messageTooLarge), in: .produce, during: "produce to \(name)-\(chosen)")
        }
        queued[ClusterCore.TopicPartition(name, chosen), default: []].append(
            Queued(
                key: key.map(Array.init), value: value.map(Array.init),
                timestampMs: timestampMs < 0 ? world.clock.nowMs : timestampMs,
                headers: headers.map { RecordHeader(key: $0.name, value: $0.value) }))
        if queued.count > 3, world.random.chance(0.05) { try flush() }
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 {
        do throws(KafkaError) {
            return try world.cluster.describeTopic(topics[topic]).partitionCount
        } catch {
            throw PortError(error, in: .produce, during: "metadata")
        }
    }

    func flush() throws(PortError) {
        if identity == .none, transactionalID == nil { try initTransactions() }
        for partition in queued.keys.sorted() {
            guard let records = queued[partition], !records.isEmpty else { continue }
            do throws(PortError) {
                try write(records, to: partition)
            } catch {
                guard error.kind == .rejected else { throw error }
                // The client drops refused records and reports them.
                queued[partition] = nil
                throw error.refusing(records, partition)
            }
            queued[partition] = nil
        }
    }

    private func write(_ records: [Queued], to partition: ClusterCore.TopicPartition) throws(PortError) {
        if let transactionalID, !inTransaction.contains(partition) {
            try world.request("add \(partition) to transaction", for: .produce, by: process) { () throws(KafkaError) in
                let outcomes = try world.cluster.addPartitionsToTransaction(
                    transactionalID, producer: identity, partitions: [partition], nowMs: world.clock.nowMs)
                for outcome in outcomes where outcome.error != .none { throw KafkaError(outcome.error) }
            }
            inTransaction.insert(partition)
        }
        let sequence = sequences[partition, default: 0]
        var writer = RecordBatchWriter(
            producer: identity, baseSequence: sequence, isTransactional: transactionalID != nil)
        for record in records {
            writer.append(
                key: record.key, value: record.value, headers: record.headers, timestampMs: record.timestampMs)
        }
        let batch = writer.finish()
        let answer = try world.request("produce \(records.count) to \(partition)", for: .produce, by: process) {
            () throws(KafkaError) in
            try world.cluster.produce(batch, to: partition, transactionalID: transactionalID, nowMs: world.clock.nowMs)
        }
        sequences[partition] = sequence &+ Int32(records.count)
        nextOffsets[partition] = answer.baseOffset + Int64(records.count)
    }

    func poll() throws(PortError) {}

    func nextOffset(of partition: Millrace.TopicPartition) -> Int64? {
        nextOffsets[ClusterCore.TopicPartition(partition)]
    }

    func close() {}
}

extension PortError {
    fileprivate func refusing(
        _ records: [SimulatedProducer.Queued], _ partition: ClusterCore.TopicPartition
    ) -> PortError {
        guard let first = records.first else { return self }
        var error = self
        error.refused = RefusedRecord(
            topic: partition.topic, partition: partition.partition,
            keyPrefix: first.key.map { Array($0.prefix(RefusedRecord.keyPrefixCount)) },
            sizeInBytes: (first.key?.count ?? 0) + (first.value?.count ?? 0), count: records.count)
        return error
    }
}
