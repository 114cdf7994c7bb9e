import Millrace
import MillraceEngine
import MillraceTesting
import Synchronization
import Testing

@Suite("Worker: pausing")
struct WorkerPauseTests {
    private let left = TopicPartition(topic: "left", partition: 0)
    private let right = TopicPartition(topic: "right", partition: 0)
    private let input = TopicPartition(topic: "in", partition: 0)
    private let setting = PauseSetting()

    private func fixture(
        _ guarantee: ProcessingGuarantee, cluster: FakeCluster = FakeCluster(), topics: [String: Int32] = ["in": 1],
        commitIntervalMs: Int64 = 100, _ define: (StreamsBuilder) -> Void
    ) throws -> WorkerFixture {
        let setting = setting
        return try WorkerFixture(
            cluster: cluster, guarantee: guarantee, topics: topics,
            configure: { configuration in
                configuration.commitIntervalMs = commitIntervalMs
                configuration.pausedSubtopologies = { setting.subtopologies }
            }, define)
    }

    @Test(
        "records that were fetched before a pause wait for its end, in their order, and no others are fetched",
        arguments: ProcessingGuarantee.allCases)
    func fetched(guarantee: ProcessingGuarantee) throws {
        let fixture = try fixture(guarantee, topics: ["left": 1, "right": 1], FakeTopology.merge)
        fixture.cluster.write(["l1", "l2"], to: "left", at: [10, 30])
        fixture.cluster.write(["r1"], to: "right", at: [20])
        fixture.consumer.silent = [right]
        try fixture.start()
        try fixture.steps(until: "the left records") { fixture.worker.openTasks.first?.bufferedCount(of: left) == 2 }
        setting.subtopologies = [0]
        try fixture.steps(until: "the pause") { fixture.consumer.paused == [left, right] }
        fixture.consumer.silent = []
        fixture.cluster.write(["l3"], to: "left", at: [40])
        try fixture.steps(forMs: 1_000)
        #expect(fixture.worker.status.counts.processed == 0 && fixture.cluster.values("out").isEmpty)
        #expect(fixture.worker.openTasks.first?.bufferedCount(of: left) == 2)
        #expect(fixture.worker.openTasks.first?.bufferedCount(of: right) == 0)
        #expect(fixture.consumer.paused == [left, right])
        setting.subtopologies = []
        try fixture.steps(until: "the results") { fixture.cluster.values("out").count == 4 }
        #expect(fixture.cluster.values("out") == ["l1", "r1", "l2", "l3"])
        #expect(fixture.consumer.paused.isEmpty)
    }

    @Test("a paused task commits what it had processed, once", arguments: ProcessingGuarantee.allCases)
    func commits(guarantee: ProcessingGuarantee) throws {
        let fixture = try fixture(guarantee, commitIntervalMs: 1_000, FakeTopology.count)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the records") { fixture.worker.status.counts.processed == 2 }
        #expect(fixture.cluster.committed[input] == nil)
        setting.subtopologies = [0]
        try fixture.steps(until: "the commit") { fixture.cluster.committed[input]?.offset == 2 }
        let commits = fixture.worker.status.commits
        fixture.cluster.write(["c"], to: "in")
        try fixture.steps(forMs: 5_000)
        #expect(fixture.worker.status.commits == commits && fixture.worker.status.counts.processed == 2)
        #expect(fixture.cluster.values("out") == ["1", "2"])
        setting.subtopologies = []
        try fixture.steps(until: "the rest") { fixture.cluster.committed[input]?.offset == 3 }
        #expect(fixture.cluster.values("out") == ["1", "2", "3"])
    }

    @Test(
        "punctuations do not run while their task is paused; a missed one runs once, then at its old times",
        arguments: ProcessingGuarantee.allCases)
    func punctuations(guarantee: ProcessingGuarantee) throws {
        let times = Ticks()
        let fixture = try fixture(guarantee) { builder in
            builder.stream("in", key: .string, value: .string)
                .process { (context: ProcessorContext<String, String>) in
                    try context.schedule(every: .milliseconds(200), on: .wallClockTime) { times.add($0) }
                    return { _ in }
                }
                .to("out", key: .string, value: .string)
        }
        try fixture.start()
        try fixture.steps(until: "two ticks") { times.all.count == 2 }
        setting.subtopologies = [0]
        let start = fixture.cluster.nowMs
        // Each step takes its whole wait: what is due and does not run keeps the thread from nothing.
        var steps = 0
        while fixture.cluster.nowMs < start + 1_050 {
            try fixture.step()
            steps += 1
        }
        #expect(times.all.count == 2 && steps < 60, "\(steps) steps")
        setting.subtopologies = []
        try fixture.steps(forMs: 450)
        let after = times.all.dropFirst(2).map { $0 - fixture.cluster.wallClockOffsetMs - start }
        #expect((2...4).contains(after.count), "\(after)")
        #expect(after.first.map { (1_050..<1_200).contains($0) } == true, "\(after)")
        let gaps = zip(after.dropFirst(), after.dropFirst(2)).map { $0.1 - $0.0 }
        #expect(gaps.allSatisfy { (150...250).contains($0) }, "\(after)")
    }

    @Test(
        "a task that is assigned while its sub-topology is paused fetches nothing",
        arguments: ProcessingGuarantee.allCases)
    func assigned(guarantee: ProcessingGuarantee) throws {
        let fixture = try fixture(guarantee, FakeTopology.count)
        setting.subtopologies = [0]
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.stepsUntilRunning()
        try fixture.steps(forMs: 1_000)
        #expect(fixture.consumer.paused == [input] && fixture.worker.openTasks.first?.bufferedCount(of: input) == 0)
        fixture.rebalance()
        try fixture.steps(forMs: 1_000)
        #expect(fixture.consumer.paused == [input] && fixture.worker.status.counts.processed == 0)
        setting.subtopologies = []
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["1", "2"] }
    }

    @Test("the sub-topology upstream of a paused one goes on", arguments: ProcessingGuarantee.allCases)
    func oneSubtopology(guarantee: ProcessingGuarantee) throws {
        let fixture = try fixture(guarantee, FakeTopology.rekeyedCount)
        setting.subtopologies = [1]
        fixture.cluster.write(["x", "y", "x"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the records upstream") { fixture.cluster.committed[input]?.offset == 3 }
        try fixture.steps(forMs: 1_000)
        #expect(fixture.cluster.values("out").isEmpty && fixture.worker.status.counts.processed == 3)
        setting.subtopologies = []
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["1", "1", "2"] }
    }

    @Test(
        "what waits when a paused worker closes is processed by the next one", arguments: ProcessingGuarantee.allCases)
    func closed(guarantee: ProcessingGuarantee) throws {
        let cluster = FakeCluster()
        let first = try fixture(guarantee, cluster: cluster, topics: ["left": 1, "right": 1], FakeTopology.merge)
        cluster.write(["l1", "l2"], to: "left", at: [10, 30])
        cluster.write(["r1"], to: "right", at: [20])
        first.consumer.silent = [right]
        try first.start()
        try first.steps(until: "the left records") { first.worker.openTasks.first?.bufferedCount(of: left) == 2 }
        setting.subtopologies = [0]
        try first.steps(forMs: 500)
        try first.worker.close()
        #expect(cluster.values("out").isEmpty)
        setting.subtopologies = []
        let second = try fixture(guarantee, cluster: cluster, topics: ["left": 1, "right": 1], FakeTopology.merge)
        try second.start()
        try second.steps(until: "the results") { cluster.values("out").count == 3 }
        #expect(cluster.values("out") == ["l1", "r1", "l2"])
    }
}

/// The sub-topologies that a test has paused.
private final class PauseSetting: Sendable {
    private let state = Mutex<Set<Int>>([])

    var subtopologies: Set<Int> {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// The times at which punctuations ran.
private final class Ticks: Sendable {
    private let state = Mutex<[Int64]>([])

    var all: [Int64] { state.withLock { $0 } }
    func add(_ ms: Int64) { state.withLock { $0.append(ms) } }
}
