import Millrace
import Testing

@testable import MillraceEngine

@Suite("Worker: missing changelogs")
struct WorkerChangelogTests {
    private static let changelog = "app-counts-changelog"

    /// A running worker whose broker no longer knows the changelog, and fails a commit.
    private func fixture(_ error: PortError) throws -> (WorkerFixture, partitions: Int32?) {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a result") { fixture.cluster.values("out") == ["1"] }
        let partitions = fixture.admin.counts.removeValue(forKey: Self.changelog)
        fixture.cluster.errors["commit transaction"] = [error]
        fixture.cluster.write(["b"], to: "in")
        return (fixture, partitions)
    }

    private static var refused: PortError {
        var error = PortError(
            .rejected, "unknown topic",
            refused: RefusedRecord(topic: changelog, partition: 0, keyPrefix: nil, sizeInBytes: 1, count: 1))
        error.isTopicMissing = true
        return error
    }

    @Test(
        "one that is missing twice, seconds apart, ends the worker with its name and the store's, whatever the error was",
        arguments: [refused, PortError(.retriable, "timed out"), PortError(.abortable, "delivery failed")])
    func deleted(error: PortError) throws {
        let (fixture, _) = try fixture(error)
        let begun = fixture.cluster.nowMs
        let failure = #expect(throws: StreamsError.self) { try fixture.steps(until: "an end") { false } }
        #expect(failure?.code == .topic)
        #expect(failure?.message.contains("\(Self.changelog) of store counts") == true)
        #expect((2_000..<6_000).contains(fixture.cluster.nowMs - begun))
    }

    @Test("a changelog that a broker does not know for a moment is looked up again, and the worker continues")
    func unknownForAMoment() throws {
        let (fixture, partitions) = try fixture(Self.refused)
        let looks = fixture.cluster.count("partition counts")
        try fixture.steps(until: "a look") { fixture.cluster.count("partition counts") > looks }
        fixture.admin.counts[Self.changelog] = partitions
        fixture.cluster.write(["c"], to: "in")
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["1", "2", "3"] }
        let end = fixture.cluster.nowMs + 10_000
        try fixture.steps(until: "ten seconds") { fixture.cluster.nowMs > end }
    }

    @Test("a record that a changelog refuses for itself ends the worker at once")
    func refusedRecord() throws {
        var error = Self.refused
        error.isTopicMissing = false
        let (fixture, _) = try fixture(error)
        let failure = #expect(throws: StreamsError.self) { try fixture.steps(until: "an end") { false } }
        #expect(failure?.code == .stateStore)
    }
}
