import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Worker: restoring and rebalancing")
struct WorkerRestoreTests {
    private let input = TopicPartition(topic: "in", partition: 0)
    private let task = TaskID(subtopology: 0, partition: 0)

    /// A cluster in which an application has already counted five records.
    private func usedCluster() -> FakeCluster {
        let cluster = FakeCluster()
        cluster.write(["a", "b", "c", "d", "e", "f"], to: "in")
        cluster.write(["1", "2", "3", "4", "5"], to: "app-counts-changelog")
        cluster.committed[input] = CommittedOffset(offset: 5, metadata: "")
        return cluster
    }

    @Test("nothing is processed before the stores are complete, then processing continues from there")
    func restore() throws {
        let fixture = try WorkerFixture(cluster: usedCluster(), FakeTopology.count)
        fixture.restorer.maxRecordsPerPoll = 1
        try fixture.start()
        try fixture.steps(until: "restoring") { fixture.worker.status.phase == .restoring }
        #expect(fixture.consumer.paused == [input])
        try fixture.steps(until: "some") { fixture.worker.status.counts.restored >= 2 }
        #expect(fixture.worker.status.counts.processed == 0)
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["6"] }
        #expect(fixture.worker.status.counts.restored == 5)
        #expect(fixture.consumer.paused.isEmpty)
        // The restored state is durable at once.
        fixture.directory.crash()
        #expect(try fixture.stored(FakeTopology.countsStore, of: task).entries == ["k": "5"])
    }

    @Test("while one task restores, the others process")
    func partly() throws {
        let cluster = FakeCluster()
        cluster.write(["1", "2", "3"], to: "app-counts-changelog", partition: 1)
        cluster.write(["a"], to: "in", partition: 0)
        cluster.write(["b"], to: "in", partition: 1)
        let fixture = try WorkerFixture(cluster: cluster, topics: ["in": 2], FakeTopology.count)
        fixture.restorer.silent = [TopicPartition(topic: "app-counts-changelog", partition: 1)]
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        #expect(cluster.values("out") == ["1"])
        #expect(fixture.worker.status.phase == .restoring)
        fixture.restorer.silent = []
        try fixture.steps(until: "both results") { cluster.values("out") == ["1", "4"] }
        #expect(fixture.worker.status.phase == .running)
    }

    @Test("a restore that a rebalance interrupts continues afterwards")
    func interruptedRestore() throws {
        let fixture = try WorkerFixture(cluster: usedCluster(), FakeTopology.count)
        fixture.restorer.maxRecordsPerPoll = 1
        try fixture.start()
        try fixture.steps(until: "restoring") { fixture.worker.status.phase == .restoring }
        try fixture.steps(until: "some") { fixture.worker.status.counts.restored == 2 }
        fixture.consumer.membershipEvents = [.revoked([input])]
        try fixture.step()
        fixture.rebalance()
        try fixture.steps(until: "the result") { !fixture.cluster.values("out").isEmpty }
        #expect(fixture.cluster.values("out") == ["6"])
        #expect(fixture.worker.status.counts.restored == 5)
    }

    @Test("a task that another worker has taken further meanwhile is opened anew, with what the other has done")
    func overtaken() throws {
        let cluster = usedCluster()
        let fixture = try WorkerFixture(cluster: cluster, FakeTopology.count)
        try fixture.start()
        try fixture.steps(until: "the result") { cluster.values("out") == ["6"] }
        try fixture.steps(until: "its commit") { cluster.committed[input]?.offset == 6 }
        // The worker stands still. The other one counts two records.
        cluster.write(["g", "h"], to: "in")
        cluster.write(["7", "8"], to: "app-counts-changelog")
        cluster.committed[input]?.offset = 8
        fixture.consumer.membershipEvents.append(.revoked([]))
        fixture.rebalance()
        cluster.write(["i"], to: "in")
        try fixture.steps(until: "two results") { cluster.values("out").count == 2 }
        #expect(cluster.values("out") == ["6", "9"])
    }

    @Test("tasks that stay keep their stores open, and nothing is restored")
    func keptTasks() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.worker.status.counts.processed == 1 }
        let before = fixture.worker.openTasks.first
        fixture.consumer.membershipEvents = [.revoked([input])]
        try fixture.step()
        // Giving up partitions commits the current work.
        #expect(fixture.cluster.values("out") == ["1"])
        #expect(fixture.worker.status.phase == .rebalancing)
        fixture.cluster.write(["b"], to: "in")
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["1", "2"] }
        #expect(fixture.worker.openTasks.first === before)
        #expect(fixture.worker.status.counts.restored == 0)
    }

    @Test("a task that others may have had in a generation that this member missed is restored")
    func missedGeneration() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.cluster.values("out") == ["1"] }
        fixture.consumer.membershipEvents = [.revoked([input])]
        try fixture.step()
        // A generation is announced, but the next one begins before this member knows its members.
        fixture.cluster.group?.isStable = false
        fixture.rebalance()
        try fixture.step()
        fixture.cluster.write(["b"], to: "in")
        fixture.cluster.write(["2"], to: "app-counts-changelog")
        fixture.cluster.committed[input] = CommittedOffset(offset: 2, metadata: "")
        fixture.consumer.membershipEvents = [.revoked([input])]
        try fixture.step()
        fixture.cluster.group?.isStable = true
        fixture.cluster.write(["c"], to: "in")
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out").count == 2 }
        #expect(fixture.cluster.values("out") == ["1", "3"])
    }

    @Test("lost partitions are closed without a commit")
    func lost() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.worker.status.counts.processed == 1 }
        fixture.consumer.membershipEvents = [.lost([input])]
        try fixture.step()
        #expect(fixture.cluster.count("commit transaction") == 0)
        #expect(fixture.cluster.count("abort") == 1)
        #expect(fixture.worker.openTasks.isEmpty)
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["1"] }
    }

    @Test("a task that another worker of the process has not closed yet is awaited")
    func lockedTask() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.directory.lock(task)
        try fixture.start()
        try fixture.steps(until: "a second") { fixture.cluster.nowMs > 1_000 }
        #expect(fixture.worker.status.tasks.isEmpty)
        fixture.directory.unlock(task)
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["1"] }
    }

    @Test("a store whose changelog offset is gone is restored from the beginning")
    func changelogGone() throws {
        let fixture = try WorkerFixture(cluster: usedCluster(), FakeTopology.count)
        fixture.restorer.maxRecordsPerPoll = 2
        try fixture.start()
        try fixture.steps(until: "restoring") { fixture.worker.status.phase == .restoring }
        try fixture.steps(until: "some") { fixture.worker.status.counts.restored == 2 }
        fixture.restorer.events = [.offsetOutOfRange(slot: 0)]
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["6"] }
        #expect(fixture.worker.status.counts.restored > 5)
    }

    @Test("if the broker cannot describe groups, the coordinator's own assignment is used")
    func rangeFallback() throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        fixture.cluster.group = nil
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a"] }
    }

    @Test("an assignment that the next rebalance has overtaken is declined at once, so that the member joins again")
    func unstableGroup() throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        fixture.cluster.write(["a"], to: "in")
        fixture.cluster.group?.isStable = false
        try fixture.start()
        try fixture.steps(until: "an empty assignment") { fixture.cluster.count("assign nothing") == 1 }
        fixture.cluster.group?.isStable = true
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a"] }
    }
}
