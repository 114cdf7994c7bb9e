import ClusterCore
import Testing

@Suite("Times and timeouts of any size")
struct ExtremeTimeTests {
    private static let spans: [Int64] = [0, 1, 1_000, .max / 2, .max - 1, .max]

    /// A cluster whose time settings all have the same value.
    private func cluster(spanMs: Int64, nowMs: Int64) throws -> Cluster {
        var configuration = ClusterConfiguration()
        configuration.logCleanupIntervalMs = spanMs
        configuration.logCleanerBackoffMs = spanMs
        configuration.producerIDExpirationMs = spanMs
        configuration.transactionalIDExpirationMs = spanMs
        configuration.offsetsRetentionMs = spanMs
        configuration.maxTransactionTimeoutMs = .max
        configuration.minSessionTimeoutMs = 1
        configuration.maxSessionTimeoutMs = .max
        configuration.initialRebalanceDelayMs = Int32(clamping: spanMs)
        let cluster = Cluster(configuration: configuration, nowMs: nowMs)
        let configs: [String: String?] = [
            "cleanup.policy": "compact,delete", "retention.ms": "\(spanMs)", "delete.retention.ms": "\(spanMs)",
            "min.compaction.lag.ms": "\(spanMs)",
        ]
        _ = try cluster.createTopic(NewTopic("t", partitionCount: 1, configs: configs), nowMs: nowMs)
        return cluster
    }

    @Test(
        "groups, transactions, retention and compaction accept any times of clients and settings", arguments: spans,
        spans)
    func anySpan(spanMs: Int64, nowMs: Int64) throws {
        let cluster = try cluster(spanMs: spanMs, nowMs: nowMs)
        let partition = TopicPartition("t", 0)
        for (key, value) in [("a", "1"), ("a", nil), ("b", "2")] as [(String, String?)] {
            _ = try cluster.produce(batch([(key, value)], timestampMs: nowMs), to: partition, nowMs: nowMs)
        }
        let member = TestMember(cluster)
        member.sessionTimeoutMs = .max
        member.rebalanceTimeoutMs = .max
        member.join(nowMs: nowMs)
        let producer = try cluster.initProducerID(transactionalID: "x", transactionTimeoutMs: .max, nowMs: nowMs)
        _ = try cluster.addPartitionsToTransaction("x", producer: producer, partitions: [partition], nowMs: nowMs)
        for laterMs in Set([nowMs, Int64.max / 2, .max - 1, .max]).filter({ $0 >= nowMs }).sorted() {
            cluster.tick(nowMs: laterMs)
            cluster.cleanLogs(nowMs: laterMs)
        }
        // Records that are kept for ever are there at the end of time. Records that are kept for no time are gone then, except
        // for those written then.
        let found = try read(cluster, partition, isolation: .readUncommitted)
        if spanMs == .max { #expect(text(found).hasSuffix("b=2@2")) }
        if spanMs <= 1, nowMs < .max - 1 { #expect(found.isEmpty) }
    }
}
