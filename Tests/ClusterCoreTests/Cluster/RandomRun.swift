import ClusterCore
import TestSupport
import Testing

/// A seeded run of producers, transactions, members, retention and time over a cluster, compared with a model of transactions.
/// The same seed makes the same calls.
struct RandomRun {
    /// A producer's open transaction, as the model sees it.
    struct Open {
        var records: [(partition: TopicPartition, offset: Int64, value: String)] = []
        var offsets: [TopicPartition: Int64] = [:]
        var startMs: Int64
    }

    static let partitions = (0..<3).map { TopicPartition("t", Int32($0)) }
    static let transactionTimeoutMs: Int32 = 2_000

    private(set) var cluster: Cluster
    var random: SeededNumbers
    var nowMs: Int64 = 0
    var producers: [TestProducer] = []
    var open: [Int: Open] = [:]
    /// The visible records by partition and offset: those of committed transactions and those without a transaction.
    var visible: [TopicPartition: [Int64: String]] = [:]
    /// The committed offsets of group "g".
    var committedOffsets: [TopicPartition: Int64] = [:]
    var lastStable: [TopicPartition: PartitionOffsets] = [:]
    var nextValue = 0
    /// All changes so far.
    var journal: [ClusterChange] = []

    init(seed: UInt64) throws {
        random = SeededNumbers(seed: seed)
        cluster = Cluster(nowMs: 0)
        _ = try cluster.createTopic(NewTopic("t", partitionCount: 3), nowMs: 0)
        for index in 0..<4 { producers.append(try make(index)) }
        collect()
    }

    /// The same run over another cluster with the same state.
    init(continuing run: RandomRun, with cluster: Cluster) {
        self = run
        self.cluster = cluster
        producers = run.producers.map { TestProducer(continuing: $0, with: cluster) }
    }

    private func make(_ index: Int) throws -> TestProducer {
        try TestProducer(cluster, "x\(index)", timeoutMs: Self.transactionTimeoutMs, nowMs: nowMs)
    }

    mutating func collect() { journal += cluster.takeChanges() }

    mutating func step() throws {
        nowMs += Int64(random.below(100))
        let index = random.below(producers.count)
        switch random.below(100) {
        case 0..<45: try send(index)
        case 45..<55: try sendPlain()
        case 55..<65: try sendOffsets(index)
        case 65..<85: try end(index, commit: random.chance(70))
        case 85..<90: try restart(index)
        case 90..<92: try repeatLast()
        default: try advance()
        }
        collect()
        try check()
    }

    private mutating func value() -> String {
        nextValue += 1
        return "v\(nextValue)"
    }

    /// Whether the producer's transaction has timed out, which the next tick notices.
    private func isFenced(_ index: Int) -> Bool {
        (try? cluster.describeTransaction("x\(index)").producer) != producers[index].identity
    }

    private mutating func send(_ index: Int) throws {
        guard !isFenced(index) else { return try restart(index) }
        let partition = Self.partitions[random.below(3)]
        let sent = (0...random.below(3)).map { _ in value() }
        let offset = try cluster.offsets(of: partition).highWatermark
        try producers[index].send(sent, to: partition, nowMs: nowMs)
        for (position, value) in sent.enumerated() {
            open[index, default: Open(startMs: nowMs)].records.append((partition, offset + Int64(position), value))
        }
    }

    private mutating func sendPlain() throws {
        let partition = Self.partitions[random.below(3)]
        let sent = value()
        let answer = try cluster.produce(values(sent, timestampMs: nowMs), to: partition, nowMs: nowMs)
        visible[partition, default: [:]][answer.baseOffset] = sent
    }

    private mutating func sendOffsets(_ index: Int) throws {
        guard !isFenced(index) else { return try restart(index) }
        let producer = producers[index]
        try cluster.addOffsetsToTransaction(
            producer.transactionalID, producer: producer.identity, groupID: "g", nowMs: nowMs)
        var pending = open[index] ?? Open(startMs: nowMs)
        // Two transactions with the same partition would race, so each producer has a separate one.
        let partition = TopicPartition("t", Int32(index % 3))
        if index < 3 {
            let offset = Int64(random.below(1_000))
            _ = try cluster.commitTransactionOffsets(
                producer.transactionalID, producer: producer.identity, member: .init(groupID: "g"),
                offsets: [.init(partition, .init(offset: offset))], nowMs: nowMs)
            pending.offsets[partition] = offset
        }
        open[index] = pending
    }

    private mutating func end(_ index: Int, commit: Bool) throws {
        guard !isFenced(index) else { return try restart(index) }
        guard let ended = open.removeValue(forKey: index) else { return }
        try producers[index].end(commit: commit, nowMs: nowMs)
        guard commit else { return }
        for record in ended.records { visible[record.partition, default: [:]][record.offset] = record.value }
        for (partition, offset) in ended.offsets { committedOffsets[partition] = offset }
    }

    private mutating func restart(_ index: Int) throws {
        open[index] = nil
        producers[index] = try make(index)
    }

    /// Sends a batch that is already in the log.
    private func repeatLast() throws {
        for (index, producer) in producers.enumerated() where !isFenced(index) {
            guard let last = open[index]?.records.last else { continue }
            let sequence = producer.sequences[last.partition, default: 1] - 1
            let bytes = values(last.value, producer: producer.identity, sequence: sequence, isTransactional: true)
            // It is a repetition only if it was a separate batch, and is refused otherwise. Either way nothing is appended.
            let before = try cluster.offsets(of: last.partition)
            _ = try? cluster.produce(
                bytes, to: last.partition, transactionalID: producer.transactionalID, nowMs: nowMs)
            #expect(try cluster.offsets(of: last.partition) == before)
        }
    }

    private mutating func advance() throws {
        nowMs += Int64(random.below(500))
        cluster.tick(nowMs: nowMs)
        open = open.filter { $0.value.startMs + Int64(Self.transactionTimeoutMs) > nowMs }
        if random.chance(10) {
            let partition = Self.partitions[random.below(3)]
            let offsets = try cluster.offsets(of: partition)
            _ = try cluster.deleteRecords(
                partition,
                beforeOffset: Int64.random(in: offsets.logStartOffset...offsets.highWatermark, using: &random),
                nowMs: nowMs)
        }
    }

    /// Compares the records that readers see with the model.
    private mutating func check() throws {
        for partition in Self.partitions {
            let offsets = try cluster.offsets(of: partition)
            let starts = open.values.compactMap { transaction in
                transaction.records.first { $0.partition == partition }?.offset
            }
            let stable = max(starts.min() ?? offsets.highWatermark, offsets.logStartOffset)
            #expect(offsets.lastStableOffset == stable)
            if let before = lastStable[partition] {
                #expect(offsets.lastStableOffset >= before.lastStableOffset)
                #expect(offsets.highWatermark >= before.highWatermark)
                #expect(offsets.logStartOffset >= before.logStartOffset)
            }
            lastStable[partition] = offsets
            let expected = (visible[partition] ?? [:])
                .filter { $0.key < stable && $0.key >= offsets.logStartOffset }
                .sorted { $0.key < $1.key }
            let start = Int64.random(in: offsets.logStartOffset...offsets.highWatermark, using: &random)
            let seen = try read(cluster, partition, from: start, maxBytes: random.chance(50) ? 1 : 1_000_000)
            #expect(seen.map(\.offset) == expected.map(\.key).filter { $0 >= start })
            #expect(seen.map(\.value) == expected.filter { $0.key >= start }.map(\.value))
        }
        for (partition, offset) in committedOffsets {
            #expect(cluster.fetchOffsets(groupID: "g", partitions: [partition])[0].offset.offset == offset)
        }
    }
}
