import ClusterCore
import Testing

@Suite("Compaction")
struct CompactionTests {
    private static let configs: [String: String?] = ["cleanup.policy": "compact", "delete.retention.ms": "1000"]

    private func put(_ cluster: Cluster, _ records: [(key: String?, value: String?)], nowMs: Int64 = 0) throws {
        _ = try cluster.produce(
            batch(records, timestampMs: nowMs), to: TopicPartition("t", 0), nowMs: nowMs)
    }

    @Test("the newest record of every key stays, at its offset; the last batch is left unchanged")
    func newestStays() throws {
        let (cluster, partition) = try clusterWithTopic(configs: Self.configs)
        try put(cluster, [("a", "1"), ("b", "1"), ("a", "2")])
        try put(cluster, [("c", "1")])
        try put(cluster, [("b", "2")])
        try put(cluster, [("c", "2")])
        cluster.cleanLogs(nowMs: 0)
        #expect(text(try read(cluster, partition)) == "a=2@2 c=1@3 b=2@4 c=2@5")
        let stored = try cluster.fetch(partition, from: 0, maxBytes: 10_000, isolation: .readUncommitted).batches
        #expect(stored.allSatisfy { $0.hasValidChecksum })
        #expect(stored[0].baseOffset == 0 && stored[0].lastOffset == 2)
        cluster.cleanLogs(nowMs: 0)
        try put(cluster, [("d", "1")])
        cluster.cleanLogs(nowMs: 0)
        #expect(text(try read(cluster, partition)) == "a=2@2 b=2@4 c=2@5 d=1@6")
    }

    @Test("a tombstone stays for delete.retention.ms after compaction first meets it, then is removed")
    func tombstones() throws {
        let (cluster, partition) = try clusterWithTopic(configs: Self.configs)
        try put(cluster, [("a", "1"), ("b", "1")])
        try put(cluster, [("a", nil)])
        try put(cluster, [("z", "1")])
        cluster.cleanLogs(nowMs: 100)
        #expect(text(try read(cluster, partition)) == "b=1@1 a=null@2 z=1@3")
        cluster.cleanLogs(nowMs: 1_099)
        #expect(try read(cluster, partition).count == 3)
        cluster.cleanLogs(nowMs: 1_100)
        #expect(text(try read(cluster, partition)) == "b=1@1 z=1@3")
    }

    @Test("records younger than min.compaction.lag.ms stay, and supersede nothing")
    func lag() throws {
        let (cluster, partition) = try clusterWithTopic(
            configs: ["cleanup.policy": "compact", "min.compaction.lag.ms": "1000"])
        try put(cluster, [("a", "1")], nowMs: 0)
        try put(cluster, [("a", "2")], nowMs: 1_500)
        try put(cluster, [("z", "1")], nowMs: 1_500)
        cluster.cleanLogs(nowMs: 2_000)
        #expect(try read(cluster, partition).count == 3)
        cluster.cleanLogs(nowMs: 2_500)
        #expect(text(try read(cluster, partition)) == "a=2@1 z=1@2")
    }

    @Test("aborted records supersede nothing and are removed; later ones of the same producer stay visible")
    func aborted() throws {
        let (cluster, partition) = try clusterWithTopic(configs: Self.configs)
        try put(cluster, [("a", "1")])
        var producer = try TestProducer(cluster, "x")
        try producer.send([("a", "aborted")], to: partition)
        try producer.end(commit: false)
        try producer.send([("b", "committed")], to: partition)
        try producer.end(commit: true)
        try put(cluster, [("z", "1")])
        for time in [0, 2_000, 4_000] as [Int64] {
            cluster.cleanLogs(nowMs: time)
            #expect(text(try read(cluster, partition)) == "a=1@0 b=committed@3 z=1@5")
        }
        let kept = try cluster.fetch(partition, from: 0, maxBytes: 10_000, isolation: .readCommitted)
        #expect(kept.abortedTransactions.isEmpty)
        // The abort marker is gone; the commit marker is still needed.
        #expect(kept.batches.count { $0.header.attributes.isControl } == 1)
    }

    @Test("nothing is compacted beyond an open transaction")
    func openTransaction() throws {
        let (cluster, partition) = try clusterWithTopic(configs: Self.configs)
        try put(cluster, [("a", "1")])
        var producer = try TestProducer(cluster, "x")
        try producer.send([("a", "2")], to: partition)
        try put(cluster, [("a", "3")])
        try put(cluster, [("z", "1")])
        cluster.cleanLogs(nowMs: 0)
        #expect(try read(cluster, partition, isolation: .readUncommitted).count == 4)
        try producer.end(commit: true)
        cluster.cleanLogs(nowMs: 0)
        #expect(text(try read(cluster, partition)) == "a=3@2 z=1@3")
    }

    @Test("a repeated batch is recognised even if compaction removed the first one")
    func duplicatesAfterwards() throws {
        let (cluster, partition) = try clusterWithTopic(configs: Self.configs)
        let producer = ProducerIdentity(producerID: 3, epoch: 0)
        let first = batch([("a", "1")], producer: producer, sequence: 0)
        _ = try cluster.produce(first, to: partition, nowMs: 0)
        try put(cluster, [("a", "2")])
        try put(cluster, [("z", "1")])
        cluster.cleanLogs(nowMs: 0)
        #expect(text(try read(cluster, partition)) == "a=2@1 z=1@2")
        #expect(try cluster.produce(first, to: partition, nowMs: 0).baseOffset == 0)
        #expect(try cluster.offsets(of: partition).highWatermark == 3)
    }

    @Test("compaction waits until min.cleanable.dirty.ratio of the log is dirty")
    func dirtyRatio() throws {
        let (cluster, partition) = try clusterWithTopic(
            configs: ["cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.5"])
        for index in 0..<10 { try put(cluster, [("k\(index)", "1")]) }
        cluster.tick(nowMs: 15_000)
        try put(cluster, [("k0", "2")])
        try put(cluster, [("k0", "3")])
        cluster.tick(nowMs: 30_000)
        #expect(try read(cluster, partition).count == 12)
        for index in 0..<10 { try put(cluster, [("k\(index)", "4")]) }
        cluster.tick(nowMs: 45_000)
        #expect(try read(cluster, partition).count == 11)
    }
}
