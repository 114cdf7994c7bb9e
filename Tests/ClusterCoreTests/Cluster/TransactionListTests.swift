import Testing

@testable import ClusterCore

@Suite("Lists of transactions and producers")
struct TransactionListTests {
    private let partition = TopicPartition("t", 0)

    private func producer(_ id: String, _ cluster: Cluster, nowMs: Int64) throws -> ProducerIdentity {
        try cluster.initProducerID(transactionalID: id, transactionTimeoutMs: 60_000, nowMs: nowMs)
    }

    @Test("a duration filter lists transactions that have been open for longer, and those that are not open")
    func duration() throws {
        let cluster = Cluster(nowMs: 0)
        _ = try cluster.createTopic(NewTopic("t"), nowMs: 0)
        let open = try producer("open", cluster, nowMs: 1_000)
        _ = try cluster.addPartitionsToTransaction("open", producer: open, partitions: [partition], nowMs: 2_000)
        _ = try producer("idle", cluster, nowMs: 2_000)
        func found(_ durationMs: Int64, nowMs: Int64) -> [String] {
            var filter = TransactionFilter()
            filter.durationMs = durationMs
            return cluster.listTransactions(filter, nowMs: nowMs).map(\.transactionalID)
        }
        #expect(found(-1, nowMs: 2_000) == ["idle", "open"])
        #expect(found(0, nowMs: 2_000) == ["idle"])
        #expect(found(500, nowMs: 2_500) == ["idle"])
        #expect(found(500, nowMs: 2_501) == ["idle", "open"])
        #expect(found(.max, nowMs: 2_501) == [])
        #expect(found(.min, nowMs: 2_501) == ["idle", "open"])
    }

    @Test("a producer's last timestamp is that of its records or marker, also after a replay")
    func lastTimestamp() throws {
        var configuration = ClusterConfiguration()
        configuration.recordsChanges = true
        let cluster = Cluster(configuration: configuration, nowMs: 0)
        _ = try cluster.createTopic(NewTopic("t"), nowMs: 0)
        let identity = try producer("x", cluster, nowMs: 0)
        _ = try cluster.addPartitionsToTransaction("x", producer: identity, partitions: [partition], nowMs: 0)
        _ = try cluster.produce(
            values("a", "b", producer: identity, sequence: 0, isTransactional: true, timestampMs: 42), to: partition,
            transactionalID: "x", nowMs: 9_000)
        var expected = ProducerDescription(
            producer: identity, lastSequence: 1, lastTimestampMs: 42, coordinatorEpoch: -1,
            currentTransactionStartOffset: 0)
        #expect(try cluster.describeProducers(partition) == [expected])
        try cluster.endTransaction("x", producer: identity, commit: true, nowMs: 10_000)
        expected.lastTimestampMs = 10_000
        expected.coordinatorEpoch = 0
        expected.currentTransactionStartOffset = -1
        #expect(try cluster.describeProducers(partition) == [expected])
        for changes in [cluster.takeChanges(), cluster.snapshot()] {
            let decoded = try ClusterChange.decode(ClusterChange.encode(changes))
            #expect(try Cluster(replaying: decoded, nowMs: 0).describeProducers(partition) == [expected])
        }
    }

    @Test("in a snapshot of an earlier version the time of a producer's last write stands for its last timestamp")
    func earlierVersion() throws {
        let cluster = Cluster(nowMs: 0)
        _ = try cluster.createTopic(NewTopic("t"), nowMs: 0)
        var writer = BinaryWriter()
        writer.number(UInt8(10))
        writer.partition(partition)
        for offset in [0, 7, 0] as [Int64] { writer.number(offset) }
        writer.list([] as [Int]) { _, _ in }
        writer.list([] as [Int]) { _, _ in }
        writer.list([5 as Int64]) { writer, producerID in
            writer.number(producerID)
            writer.number(Int16(3))
            writer.list([] as [Int]) { _, _ in }
            writer.flag(false)
            writer.number(Int64(8_000))
        }
        let changes = cluster.snapshot().filter { if case .logRestored = $0 { false } else { true } }
        let restored = try Cluster(replaying: changes + ClusterChange.decode(writer.bytes), nowMs: 0)
        #expect(
            try restored.describeProducers(partition) == [
                ProducerDescription(
                    producer: ProducerIdentity(producerID: 5, epoch: 3), lastSequence: -1, lastTimestampMs: 8_000,
                    coordinatorEpoch: -1, currentTransactionStartOffset: -1)
            ])
        #expect(try restored.offsets(of: partition).highWatermark == 7)
    }
}
