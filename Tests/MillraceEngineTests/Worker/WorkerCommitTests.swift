import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Worker: committing")
struct WorkerCommitTests {
    private let input = TopicPartition(topic: "in", partition: 0)
    private let changelog = TopicPartition(topic: "app-counts-changelog", partition: 0)

    /// Returns the calls so far that begin, send, flush, commit or abort.
    private func journal(_ fixture: WorkerFixture) -> [String] {
        fixture.cluster.journal.filter {
            ["begin", "flush", "abort"].contains($0) || $0.hasPrefix("send") || $0.hasPrefix("commit ")
        }
    }

    @Test("exactly once: records are sent in a transaction, offsets are committed with it, then the stores commit")
    func exactlyOnce() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "two results") { fixture.worker.status.counts.processed == 2 }
        #expect(fixture.cluster.values("out").isEmpty)
        #expect(fixture.worker.openTasks.first?.stores.first?.position == nil)
        try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        #expect(
            journal(fixture) == [
                "begin", "send app-counts-changelog", "send out", "send app-counts-changelog", "send out",
                "commit transaction",
            ])
        #expect(fixture.cluster.values("out") == ["1", "2"])
        #expect(fixture.cluster.committed[input]?.offset == 2)
        #expect(fixture.worker.openTasks.first?.stores.first?.position == 2)
    }

    @Test("at least once: everything is flushed before the offsets are committed")
    func atLeastOnce() throws {
        let fixture = try WorkerFixture(guarantee: .atLeastOnce, FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        #expect(journal(fixture) == ["send app-counts-changelog", "send out", "flush", "commit offsets"])
        #expect(fixture.cluster.committed[input]?.offset == 1)
        #expect(fixture.worker.openTasks.first?.stores.first?.position == 1)
    }

    @Test("nothing is committed if nothing was processed")
    func idle() throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        try fixture.start()
        try fixture.steps(until: "a second") { fixture.cluster.nowMs > 1_000 }
        #expect(journal(fixture).isEmpty)
    }

    @Test(
        "an unanswered commit is repeated, and nothing is processed in between",
        arguments: ProcessingGuarantee.allCases)
    func unansweredCommit(guarantee: ProcessingGuarantee) throws {
        let fixture = try WorkerFixture(guarantee: guarantee, FakeTopology.count)
        let call = guarantee == .exactlyOnce ? "commit transaction" : "commit offsets"
        fixture.cluster.errors[call] = Array(repeating: PortError(.retriable, "timed out"), count: 3)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a failed commit") { fixture.cluster.count(call) == 1 }
        #expect(fixture.worker.status.trouble == "timed out")
        fixture.cluster.write(["b"], to: "in")
        try fixture.steps(until: "three failed commits") { fixture.cluster.count(call) == 3 }
        #expect(fixture.worker.status.counts.processed == 1)
        try fixture.steps(until: "both results") { fixture.worker.status.commits == 2 }
        #expect(fixture.cluster.values("out") == ["1", "2"])
        #expect(fixture.cluster.count("abort") == 0)
        #expect(fixture.worker.status.trouble == nil)
    }

    @Test("a checkpoint flushes what is committed, and never more")
    func checkpoint() throws {
        let directory = MemoryStateDirectory()
        let cluster = FakeCluster()
        var fixture = try WorkerFixture(
            cluster: cluster, directory: directory, configure: { $0.checkpointIntervalMs = 0 }, FakeTopology.count)
        cluster.write(["a", "b", "c"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        cluster.errors["commit transaction"] = Array(repeating: PortError(.retriable, "timed out"), count: 3)
        cluster.write(["d", "e"], to: "in")
        try fixture.steps(until: "uncommitted results") { cluster.count("commit transaction") == 3 }
        #expect(fixture.worker.status.counts.processed == 5)
        directory.crash()
        let stored = try fixture.stored(FakeTopology.countsStore, of: TaskID(subtopology: 0, partition: 0))
        #expect(stored.entries == ["k": "3"])
        #expect(stored.position == 3)

        cluster.errors = [:]
        fixture = try WorkerFixture(cluster: cluster, directory: directory, FakeTopology.count)
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        #expect(cluster.values("out") == ["1", "2", "3", "4", "5"])
        #expect(fixture.worker.status.counts.restored == 0)
    }

    @Test("a state that outgrows its memory is committed and flushed early")
    func memoryBound() throws {
        let fixture = try WorkerFixture(
            configure: {
                $0.commitIntervalMs = .max / 2
                $0.checkpointIntervalMs = .max / 2
                $0.stateCacheSizeInBytes = { 200 }
            }, FakeTopology.count)
        for key in 0..<10 { fixture.cluster.write(["x"], to: "in", key: "key-\(key)") }
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        #expect(fixture.worker.openTasks.first?.state.dirtySizeInBytes == 0)
    }

    @Test("the partition's time is committed beside the offset, and a restart continues from it")
    func partitionTime() throws {
        let cluster = FakeCluster()
        var fixture = try WorkerFixture(cluster: cluster, FakeTopology.copy)
        cluster.write(["a", "b"], to: "in", at: [500, 300])
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        #expect(OffsetMetadata.decode(cluster.committed[input]?.metadata ?? "")?.partitionTimeMs == 500)
        try fixture.worker.close()

        fixture = try WorkerFixture(cluster: cluster, FakeTopology.copy)
        try fixture.start()
        try fixture.stepsUntilRunning()
        #expect(fixture.worker.openTasks.map(\.streamTimeMs) == [500])
    }

    @Test("repartitioned records are deleted once they are committed, now and then")
    func purge() throws {
        let fixture = try WorkerFixture(configure: { $0.purgeIntervalMs = 1_000 }, FakeTopology.rekeyedCount)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the results") { fixture.cluster.values("out").count == 2 }
        fixture.cluster.errors["delete records"] = [PortError(.retriable, "not now")]
        try fixture.steps(until: "a failed deletion") { fixture.cluster.count("delete records") == 1 }
        #expect(fixture.cluster.nowMs >= 1_000)
        #expect(fixture.admin.deleted.isEmpty)
        try fixture.steps(until: "a deletion") { !fixture.admin.deleted.isEmpty }
        #expect(fixture.cluster.nowMs >= 2_000)
        #expect(fixture.admin.deleted == [TopicPartition(topic: "app-counts-repartition", partition: 0): 2])
    }

    @Test("closing commits the current work, flushes the stores and leaves the group")
    func close() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.worker.status.counts.processed == 1 }
        try fixture.worker.close()
        #expect(fixture.cluster.values("out") == ["1"])
        #expect(fixture.cluster.journal.suffix(2) == ["close producer", "close consumer"])
        let stored = try fixture.stored(FakeTopology.countsStore, of: TaskID(subtopology: 0, partition: 0))
        #expect(stored.entries == ["k": "1"])
        #expect(stored.position == 1)
    }

    @Test(
        "closing while the broker does not answer or the group rebalances is no failure",
        arguments: [PortError.Kind.retriable, .abortable, .staleGeneration, .producerLost])
    func closeWithoutCommit(kind: PortError.Kind) throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.worker.status.counts.processed == 1 }
        fixture.cluster.errors["commit transaction"] = [PortError(kind, "not now")]
        try fixture.worker.close()
        #expect(fixture.cluster.values("out").isEmpty)
        #expect(fixture.cluster.journal.last == "close consumer")
    }

    @Test("closing after a fatal error throws it, and still leaves the group")
    func closeAfterFatalError() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.worker.status.counts.processed == 1 }
        fixture.cluster.errors["commit transaction"] = [PortError(.fenced, "taken")]
        let error = #expect(throws: StreamsError.self) { try fixture.worker.close() }
        #expect(error?.code == .fenced)
        #expect(fixture.cluster.journal.last == "close consumer")
    }
}
