import ClusterCore
import Testing

@Suite("Logs")
struct LogTests {
    @Test("a fetch answers whole batches within its size, and at least one")
    func fetchSize() throws {
        let (cluster, partition) = try clusterWithTopic()
        for value in ["a", "b", "c"] { _ = try cluster.produce(values(value, value), to: partition, nowMs: 0) }
        let size = values("a", "a").count
        func count(_ maxBytes: Int, from offset: Int64 = 0, atLeastOne: Bool = true) throws -> Int {
            try cluster.fetch(
                partition, from: offset, maxBytes: maxBytes, isolation: .readUncommitted,
                atLeastOneBatch: atLeastOne
            ).batches.count
        }
        #expect(try count(3 * size) == 3)
        #expect(try count(3 * size - 1) == 2)
        #expect(try count(1) == 1)
        #expect(try count(1, atLeastOne: false) == 0)
        #expect(try count(1_000, from: 3) == 2)
        #expect(try count(1_000, from: 6) == 0)
        for offset in [-1, 7] as [Int64] {
            #expect(
                code(
                    try cluster.fetch(
                        partition, from: offset, maxBytes: 1, isolation: .readUncommitted)) == .offsetOutOfRange)
        }
    }

    @Test("offsets by time: the first record at or after it, none after the last")
    func offsetsByTime() throws {
        let (cluster, partition) = try clusterWithTopic()
        for index in 0..<5 as Range<Int64> {
            var writer = RecordBatchWriter()
            writer.append(key: nil, value: [1], timestampMs: 1_000 * index)
            writer.append(key: nil, value: [2], timestampMs: 1_000 * index + 500)
            _ = try cluster.produce(writer.finish(), to: partition, nowMs: 0)
        }
        func list(_ spec: OffsetSpec) throws -> [Int64] {
            let listed = try cluster.listOffset(partition, spec, isolation: .readUncommitted)
            return [listed.offset, listed.timestampMs]
        }
        #expect(try list(.earliest) == [0, -1])
        #expect(try list(.latest) == [10, -1])
        #expect(try list(.timestamp(0)) == [0, 0])
        #expect(try list(.timestamp(2_001)) == [5, 2_500])
        #expect(try list(.timestamp(4_501)) == [-1, -1])
        #expect(try list(.maxTimestamp) == [9, 4_500])
        _ = try cluster.deleteRecords(partition, beforeOffset: 3, nowMs: 0)
        #expect(try list(.timestamp(0)) == [3, 1_500])
    }

    @Test("deleted records cannot be fetched; a batch cut in the middle still returns the rest")
    func deleteRecords() throws {
        let (cluster, partition) = try clusterWithTopic()
        _ = try cluster.produce(values("a", "b"), to: partition, nowMs: 0)
        _ = try cluster.produce(values("c"), to: partition, nowMs: 0)
        #expect(try cluster.deleteRecords(partition, beforeOffset: 1, nowMs: 0) == 1)
        #expect(text(try read(cluster, partition)) == "b@1 c@2")
        #expect(try cluster.deleteRecords(partition, beforeOffset: 0, nowMs: 0) == 1)
        #expect(
            code(
                try cluster.deleteRecords(
                    partition, beforeOffset: 4, nowMs: 0)) == .offsetOutOfRange)
        #expect(try cluster.deleteRecords(partition, beforeOffset: -1, nowMs: 0) == 3)
        #expect(try read(cluster, partition).isEmpty)
        #expect(try cluster.produce(values("d"), to: partition, nowMs: 0).baseOffset == 3)
    }

    @Test("retention by time drops older batches, retention by size the oldest ones, always whole")
    func retention() throws {
        let (byTime, partition) = try clusterWithTopic(configs: ["retention.ms": "1000"])
        for time in [0, 500, 1_000] as [Int64] {
            _ = try byTime.produce(values("\(time)", timestampMs: time), to: partition, nowMs: time)
        }
        byTime.cleanLogs(nowMs: 1_500)
        #expect(text(try read(byTime, partition)) == "500@1 1000@2")
        byTime.tick(nowMs: 300_000)
        #expect(try byTime.offsets(of: partition).logStartOffset == 3)

        let size = values("a").count
        let (bySize, other) = try clusterWithTopic(configs: ["retention.bytes": "\(2 * size)"])
        for value in ["a", "b", "c", "d"] { _ = try bySize.produce(values(value), to: other, nowMs: 0) }
        bySize.cleanLogs(nowMs: 0)
        #expect(text(try read(bySize, other)) == "c@2 d@3")
    }

    @Test("removing many batches at the front leaves the rest readable")
    func longLog() throws {
        let (cluster, partition) = try clusterWithTopic()
        for index in 0..<1_000 {
            _ = try cluster.produce(values("\(index)"), to: partition, nowMs: 0)
            if index % 7 == 6 {
                _ = try cluster.deleteRecords(partition, beforeOffset: Int64(index) - 3, nowMs: 0)
            }
        }
        #expect(try read(cluster, partition).map(\.offset) == Array(990..<1_000))
    }

    @Test("a partition's version changes when there is more to fetch")
    func versions() throws {
        let (cluster, partition) = try clusterWithTopic(partitions: 2)
        let before = cluster.version(of: partition)
        _ = try cluster.produce(values("a"), to: TopicPartition("t", 1), nowMs: 0)
        #expect(cluster.version(of: partition) == before)
        _ = try cluster.produce(values("a"), to: partition, nowMs: 0)
        #expect(cluster.version(of: partition) > before)
        #expect(cluster.version(of: TopicPartition("u", 0)) == 0)
    }
}
