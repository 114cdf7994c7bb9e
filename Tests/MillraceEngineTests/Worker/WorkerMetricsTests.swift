import Millrace
import MillraceEngine
import MillraceTesting
import Synchronization
import Testing

@Suite("Worker: metrics")
struct WorkerMetricsTests {
    private final class Heard: Sendable {
        private let events = Mutex<[RestoreEvent]>([])
        var all: [RestoreEvent] { events.withLock { $0 } }
        func hear(_ event: RestoreEvent) { events.withLock { $0.append(event) } }
    }

    private let task = TaskID(subtopology: 0, partition: 0)

    @Test("a restoration is reported from its beginning to its end, with the store's progress")
    func restoration() throws {
        let cluster = FakeCluster()
        cluster.write(["1", "2", "3", "4", "5"], to: "app-counts-changelog")
        let heard = Heard()
        let fixture = try WorkerFixture(
            cluster: cluster, configure: { $0.restoreListener = { heard.hear($0) } }, FakeTopology.count)
        fixture.restorer.maxRecordsPerPoll = 2
        try fixture.start()
        try fixture.steps(until: "some") { fixture.worker.status.counts.restored == 2 }
        #expect(fixture.worker.status.storeLags.map(\.lag) == [3])
        try fixture.stepsUntilRunning()
        #expect(heard.all.map(\.phase) == [.started, .batch, .batch, .batch, .ended])
        #expect(heard.all.map(\.restoredRecords) == [0, 2, 4, 5, 5])
        #expect(heard.all.last?.nextOffset == 5)
        #expect(heard.all.last?.endOffset == 5)
        #expect(Set(heard.all.map(\.store)) == ["counts"])
        try fixture.steps(until: "the lag") { fixture.worker.status.storeLags.first?.lag == 0 }
        #expect(fixture.worker.status.storeLags.map(\.currentOffset) == [5])
    }

    @Test("a restoration that a rebalance interrupts is reported as suspended")
    func suspended() throws {
        let cluster = FakeCluster()
        cluster.write(["1", "2"], to: "app-counts-changelog")
        let heard = Heard()
        let fixture = try WorkerFixture(
            cluster: cluster, configure: { $0.restoreListener = { heard.hear($0) } }, FakeTopology.count)
        fixture.restorer.silent = [TopicPartition(topic: "app-counts-changelog", partition: 0)]
        try fixture.start()
        try fixture.steps(until: "restoring") { fixture.worker.status.phase == .restoring }
        fixture.consumer.membershipEvents = [.revoked([TopicPartition(topic: "in", partition: 0)])]
        try fixture.step()
        #expect(heard.all.map(\.phase) == [.started, .suspended])
    }

    @Test("a task's work is counted by task, dropped records by operator, and commits are timed")
    func byTask() throws {
        let counting = try WorkerFixture(handlers: ErrorHandlers(processing: ErrorResponse.continue)) { builder in
            builder.stream("in", key: .string, value: .string)
                .mapValues(named: "picky") { (value: String) -> String? in
                    if value == "bad" { throw Failure() }
                    return value
                }
                .to("out")
        }
        counting.cluster.write(["a", "bad", "b"], to: "in")
        try counting.start()
        try counting.steps(until: "a commit") { counting.worker.status.commits == 1 }
        let counts = try #require(counting.worker.status.countsByTask[task])
        #expect(counts.processed == 3)
        #expect(counts.droppedByOperator == ["picky": [.processing: 1]])
        #expect(counting.worker.status.commitTimes.longestMs >= 0)
    }

    private struct Failure: Error {}
}
