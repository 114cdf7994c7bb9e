import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Worker: measurements")
struct WorkerMeasureTests {
    private let partition = TopicPartition(topic: "in", partition: 0)

    @Test("a partition's lag counts what waits, and the age of the first record that waits is known")
    func lag() throws {
        let fixture = try WorkerFixture(configure: { $0.maxRecordsPerStep = 2 }, FakeTopology.copy)
        fixture.cluster.write((0..<2_000).map { "r\($0)" }, to: "in")
        try fixture.start()
        try fixture.steps(until: "a look") {
            fixture.cluster.nowMs += 100
            return (fixture.worker.status.measures.partitions.first?.lag ?? 0) > 0
        }
        let status = try #require(fixture.worker.status.measures.partitions.first)
        #expect(status.partition == partition)
        #expect(status.oldestMs != nil)
        try fixture.steps(until: "the end") { fixture.worker.status.measures.partitions.first?.lag == 0 }
        let last = try #require(fixture.worker.status.measures.partitions.first)
        #expect(last.oldestMs == nil && last.bufferedCount == 0 && !last.isPaused)
        #expect(fixture.worker.status.lag == 0)
    }

    @Test("polls, batches and commits are counted and timed, and so is the rebalance at the start")
    func activities() throws {
        let fixture = try WorkerFixture(configure: { $0.isWatched = { true } }, FakeTopology.copy)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        let measures = fixture.worker.status.measures
        #expect(measures.activities.count(of: .poll) > 1)
        #expect(measures.activities.count(of: .process) >= 1)
        #expect(measures.activities.time(of: .poll) > .zero)
        #expect(measures.commits.count == 1)
        #expect(measures.rebalances.count == 1)
        #expect(measures.lastPoll != nil)
        #expect(measures.aborts == 0)
    }

    @Test("a second generation is a second rebalance; work that is lost with the first is an abort")
    func rebalanceAndAbort() throws {
        let fixture = try WorkerFixture(configure: { $0.commitIntervalMs = 1_000_000 }, FakeTopology.copy)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "records") { fixture.worker.status.counts.processed == 2 }
        fixture.consumer.membershipEvents = [.lost([partition])]
        try fixture.step()
        #expect(fixture.worker.status.measures.aborts == 1)
        #expect(fixture.worker.status.measures.rebalances.count == 1)
        fixture.rebalance()
        try fixture.stepsUntilRunning()
        #expect(fixture.worker.status.measures.rebalances.count == 2)
    }

    @Test("ages of records are measured only if somebody asks", arguments: [true, false])
    func ages(isMeasured: Bool) throws {
        let fixture = try WorkerFixture(
            configure: { $0.isWatched = { isMeasured } }, FakeTopology.copy)
        fixture.cluster.write((0..<100).map { "r\($0)" }, to: "in")
        try fixture.start()
        try fixture.steps(until: "a look") {
            fixture.worker.status.counts.processed == 100 && fixture.worker.status.measures.partitions.first?.lag == 0
        }
        #expect(fixture.worker.status.measures.tasks.first?.endToEnd.count == (isMeasured ? 100 : 0))
    }

    @Test("nobody's clock is read for activities while nobody watches")
    func unwatched() throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        for activity in WorkerActivity.allCases {
            #expect(fixture.worker.status.measures.activities.time(of: activity) == .zero)
            #expect(fixture.worker.status.measures.activities.count(of: activity) == 0)
        }
    }

    @Test("each node counts the records that it gets, also a node that hands them on, a branch of several")
    func nodes() throws {
        let fixture = try WorkerFixture { builder in
            let input = builder.stream("in", key: .string, value: .string)
            let short = input.filter(named: "short") { _, value in value.count < 3 }
            let long = input.filter(named: "long") { _, value in value.count >= 3 }
            short.merge(long, named: "both").mapValues(named: "copy") { (value: String) in value }
                .to("out", named: "sink")
        }
        fixture.cluster.write(["a", "bb", "ccc", "dddd", "e"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a look") {
            fixture.cluster.nowMs += 100
            return fixture.worker.status.measures.tasks.first?.recordsByNode["sink"] == 5
        }
        var counts = try #require(fixture.worker.status.measures.tasks.first?.recordsByNode)
        let source = counts.removeValue(forKey: "KSTREAM-SOURCE-0000000000")
        #expect(source == 5)
        #expect(counts == ["short": 5, "long": 5, "both": 5, "copy": 5, "sink": 5])
    }

    @Test("a record that is behind the highest timestamp is late by the difference, if somebody watches")
    func lateness() throws {
        let fixture = try WorkerFixture(configure: { $0.isWatched = { true } }, FakeTopology.copy)
        fixture.cluster.write(["a", "b", "c"], to: "in", at: [1_000, 400, 1_000])
        try fixture.start()
        try fixture.steps(until: "a look") {
            fixture.cluster.nowMs += 100
            return fixture.worker.status.measures.tasks.first?.lateness.count == 3
        }
        let lateness = try #require(fixture.worker.status.measures.tasks.first?.lateness)
        #expect(lateness.counts[0] == 2)
        #expect(lateness.sum == .milliseconds(600))
    }

    @Test("dead letters are counted by operator and reason")
    func deadLetters() throws {
        let fixture = try WorkerFixture(
            handlers: ErrorHandlers(processing: .deadLetter(topic: "out"))
        ) { builder in
            builder.stream("in", key: .string, value: .string)
                .mapValues(named: "picky") { (value: String) -> String? in
                    if value == "bad" { throw Failure() }
                    return value
                }
                .to("out")
        }
        fixture.cluster.write(["a", "bad", "bad"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        #expect(fixture.worker.status.counts.deadLetteredByOperator == ["picky": [.processing: 2]])
    }

    private struct Failure: Error {}
}
