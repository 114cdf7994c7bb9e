import ClusterCore
import TestSupport
import Testing

@Suite("Properties, by seed")
struct PropertyTests {
    @Test(
        "read_committed sees the committed transactions in log order, up to the oldest open one",
        arguments: 0..<30 as Range<UInt64>)
    func readCommitted(seed: UInt64) throws {
        var run = try RandomRun(seed: seed)
        for _ in 0..<400 { try run.step() }
    }

    @Test(
        "replaying the journal gives the same state, at any moment and through bytes",
        arguments: 0..<10 as Range<UInt64>)
    func replay(seed: UInt64) throws {
        var run = try RandomRun(seed: seed)
        for step in 0..<300 {
            try run.step()
            guard step % 25 == 0 else { continue }
            let changes = try ClusterChange.decode(ClusterChange.encode(run.journal))
            #expect(changes == run.journal)
            let replayed = try Cluster(replaying: changes, nowMs: run.nowMs)
            #expect(stateBytes(replayed) == stateBytes(run.cluster))
            #expect(replayed.takeChanges().isEmpty)
            let fromSnapshot = try Cluster(replaying: run.cluster.snapshot(), nowMs: run.nowMs)
            #expect(stateBytes(fromSnapshot) == stateBytes(run.cluster))
        }
    }

    @Test("a restart in the middle changes nothing for producers and readers", arguments: 0..<10 as Range<UInt64>)
    func restart(seed: UInt64) throws {
        var run = try RandomRun(seed: seed)
        for _ in 0..<10 {
            for _ in 0..<40 { try run.step() }
            run = try run.restarted()
        }
    }

    @Test("the same seed gives the same run, byte for byte", arguments: 0..<5 as Range<UInt64>)
    func determinism(seed: UInt64) throws {
        func bytes() throws -> [UInt8] {
            var run = try RandomRun(seed: seed)
            for _ in 0..<200 { try run.step() }
            return ClusterChange.encode(run.journal)
        }
        #expect(try bytes() == bytes())
    }

    @Test("compaction leaves readers with the same newest values", arguments: 0..<40 as Range<UInt64>)
    func compaction(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        let (cluster, partition) = try clusterWithTopic(
            configs: ["cleanup.policy": "compact", "delete.retention.ms": "5000"])
        var producers = [try TestProducer(cluster, "a"), try TestProducer(cluster, "b")]
        var open: Set<Int> = []
        var nowMs: Int64 = 0
        func newest(_ records: [SeenRecord]) -> [String: String] {
            var values: [String: String] = [:]
            for record in records { values[record.key ?? ""] = record.value }
            return values
        }
        for step in 0..<200 {
            nowMs += Int64(random.below(1_000))
            let index = random.below(2)
            let records = (0...random.below(3)).map { position in
                (key: "k\(random.below(6))", value: random.chance(25) ? nil : "\(step).\(position)")
            }
            if random.chance(30) {
                _ = try cluster.produce(
                    batch(records.map { ($0.key, $0.value) }, timestampMs: nowMs), to: partition, nowMs: nowMs)
            } else if random.chance(60) {
                try producers[index].send(records.map { ($0.key, $0.value) }, to: partition, nowMs: nowMs)
                open.insert(index)
            } else if open.remove(index) != nil {
                try producers[index].end(commit: random.chance(50), nowMs: nowMs)
            }
            guard random.chance(30) else { continue }
            let before = try read(cluster, partition)
            let ends = try cluster.offsets(of: partition)
            cluster.cleanLogs(nowMs: nowMs)
            let after = try read(cluster, partition)
            #expect(newest(after) == newest(before))
            #expect(Set(after).isSubset(of: Set(before)))
            #expect(after.map(\.offset) == after.map(\.offset).sorted())
            #expect(try cluster.offsets(of: partition) == ends)
            let replayed = try Cluster(replaying: cluster.snapshot(), nowMs: nowMs)
            #expect(stateBytes(replayed) == stateBytes(cluster))
        }
    }
}

extension RandomRun {
    /// The run over a cluster rebuilt from the journal.
    func restarted() throws -> RandomRun {
        var configuration = ClusterConfiguration()
        configuration.identifierSeed = UInt64(journal.count)
        let cluster = try Cluster(configuration: configuration, replaying: journal, nowMs: nowMs)
        return RandomRun(continuing: self, with: cluster)
    }
}
