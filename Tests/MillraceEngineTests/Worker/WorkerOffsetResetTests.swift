import Millrace
import MillraceEngine
import Testing

@Suite("Worker: where reading begins")
struct WorkerOffsetResetTests {
    private let input = TopicPartition(topic: "in", partition: 0)
    /// The fake clock's time at the start.
    private let startMs: Int64 = 1_700_000_000_000

    private func fixture(
        _ cluster: FakeCluster = FakeCluster(), source: AutoOffsetReset = .ofApplication,
        application: AutoOffsetReset = .earliest
    ) throws -> WorkerFixture {
        func define(_ builder: StreamsBuilder) {
            builder.stream("in", key: .string, value: .string, offsetReset: source).to("out")
        }
        return try WorkerFixture(cluster: cluster, configure: { $0.offsetReset = application }, define)
    }

    private func write(_ cluster: FakeCluster) {
        cluster.write(["a", "b", "c"], to: "in", at: [startMs - 60_000, startMs - 5_000, startMs - 1_000])
    }

    @Test(
        "without a committed offset reading begins as the source says, or else as the application says",
        arguments: [
            (AutoOffsetReset.earliest, AutoOffsetReset.latest, ["a", "b", "c", "new"]),
            (.latest, .earliest, ["new"]),
            (.byDuration(.seconds(10)), .earliest, ["b", "c", "new"]),
            (.byDuration(.milliseconds(1)), .earliest, ["new"]),
            (.byDuration(.seconds(1_000_000_000_000)), .earliest, ["a", "b", "c", "new"]),
            (.ofApplication, .earliest, ["a", "b", "c", "new"]),
            (.ofApplication, .latest, ["new"]),
        ])
    func firstStart(source: AutoOffsetReset, application: AutoOffsetReset, read: [String]) throws {
        let fixture = try fixture(source: source, application: application)
        write(fixture.cluster)
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.cluster.write(["new"], to: "in", at: [startMs])
        try fixture.steps(until: "the results") { fixture.cluster.values("out").last == "new" }
        #expect(fixture.cluster.values("out") == read)
    }

    @Test("a committed offset takes precedence", arguments: [AutoOffsetReset.earliest, .latest, .none])
    func committed(policy: AutoOffsetReset) throws {
        let fixture = try fixture(source: policy)
        write(fixture.cluster)
        fixture.cluster.committed[input] = CommittedOffset(offset: 1, metadata: "")
        try fixture.start()
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["b", "c"] }
        #expect(fixture.cluster.count("offsets") == 0)
    }

    @Test("the first offset is committed, so that records written while the application is down are read")
    func placeIsCommitted() throws {
        let cluster = FakeCluster()
        let first = try fixture(cluster, source: .latest)
        write(cluster)
        try first.start()
        try first.steps(until: "the commit") { cluster.committed[input]?.offset == 3 }
        try first.worker.close()
        cluster.write(["missed"], to: "in")
        let second = try fixture(cluster, source: .latest)
        try second.start()
        try second.steps(until: "the result") { cluster.values("out") == ["missed"] }
    }

    @Test("without a policy an input without a committed offset ends the worker, and is named")
    func refused() throws {
        let fixture = try fixture(source: .none)
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.steps(until: "the error") { false }
        }
        #expect(error?.code == .topic)
        #expect(
            error?.message.contains("no valid offset is committed of in-0, and the offset reset policy is none") == true
        )
    }

    @Test(
        "if the offset to read is gone, processed records are committed and reading begins as the policy says",
        arguments: [
            (AutoOffsetReset.earliest, ["a", "b", "c", "a", "b", "c", "new"]), (.latest, ["a", "b", "c", "new"]),
            (.byDuration(.seconds(10)), ["a", "b", "c", "b", "c", "new"]),
        ])
    func outOfRange(policy: AutoOffsetReset, read: [String]) throws {
        let fixture = try fixture(source: policy)
        write(fixture.cluster)
        fixture.cluster.committed[input] = CommittedOffset(offset: 0, metadata: "")
        try fixture.start()
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["a", "b", "c"] }
        fixture.consumer.events.append(.offsetOutOfRange(slot: 0))
        try fixture.step()
        #expect(fixture.cluster.committed[input]?.offset == 3)
        try fixture.stepsUntilRunning()
        fixture.cluster.write(["new"], to: "in", at: [startMs])
        try fixture.steps(until: "the results") { fixture.cluster.values("out").last == "new" }
        #expect(fixture.cluster.values("out") == read)
        #expect(fixture.cluster.committed[input]?.offset == 4)
    }

    @Test("without a policy a deleted input offset ends the worker, and is named")
    func outOfRangeRefused() throws {
        let fixture = try fixture(source: .none)
        fixture.cluster.committed[input] = CommittedOffset(offset: 0, metadata: "")
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.consumer.events.append(.offsetOutOfRange(slot: 0))
        let error = #expect(throws: StreamsError.self) { try fixture.step() }
        #expect(error?.code == .topic)
        #expect(error?.description.contains("in-0") == true)
    }

    @Test("a broker that does not return a partition's end is asked again")
    func askedAgain() throws {
        let fixture = try fixture(source: .latest)
        fixture.cluster.errors["offsets"] = [PortError(.retriable, "not now")]
        write(fixture.cluster)
        try fixture.start()
        try fixture.stepsUntilRunning()
        #expect(fixture.cluster.count("offsets") == 2)
        #expect(fixture.cluster.values("out").isEmpty)
    }
}
