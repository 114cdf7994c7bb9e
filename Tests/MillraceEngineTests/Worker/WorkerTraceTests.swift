import Millrace
import MillraceEngine
import Testing

@Suite("Worker: spans")
struct WorkerTraceTests {
    @Test("a poll, a batch and a commit have spans in this order; a poll without records only begins a step")
    func order() throws {
        let trace = TraceSpy()
        let fixture = try fixture(trace)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        let works = trace.works.filter { $0.recordCount != 0 }
        #expect(works.map(\.operation) == [.poll, .process, .commit])
        #expect(works.map(\.recordCount) == [2, 2, nil])
        #expect(works.allSatisfy { $0.partitions == [TopicPartition(topic: "in", partition: 0)] })
        #expect(works[1].task == "0_0")
        #expect(trace.begun == [0, 1] && trace.ended == 2)
    }

    @Test("a commit that fails has a span with the error, and another one when it is made again")
    func retriedCommit() throws {
        let trace = TraceSpy()
        let fixture = try fixture(trace)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        fixture.cluster.errors["commit transaction"] = [PortError(.retriable, "not now")]
        try fixture.steps(until: "a commit") {
            fixture.cluster.nowMs += 100
            return fixture.worker.status.commits == 1
        }
        let commits = trace.works.filter { $0.operation == .commit }
        #expect(commits.map { $0.error != nil } == [true, false])
        #expect(!trace.works.contains { $0.operation == .abort })
        #expect(trace.begun == [0])
    }

    @Test("an abort has a span, and the records that are processed again have spans again")
    func abort() throws {
        let trace = TraceSpy()
        let fixture = try fixture(trace)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        fixture.cluster.errors["commit transaction"] = [PortError(.abortable, "aborted")]
        try fixture.steps(until: "a commit") {
            fixture.cluster.nowMs += 100
            return fixture.worker.status.commits == 1
        }
        let operations = trace.works.filter { $0.recordCount != 0 }.map(\.operation)
        #expect(operations == [.poll, .process, .commit, .abort, .poll, .process, .commit])
        #expect(trace.begun == [0, 0])
        #expect(trace.ended == 2)
    }

    private func fixture(_ trace: TraceSpy) throws -> WorkerFixture {
        try WorkerFixture(trace: trace, FakeTopology.copy)
    }
}

/// Records what is traced.
private final class TraceSpy: TracePort {
    private(set) var works: [TracedWork] = []
    /// The offsets of the records whose spans have begun.
    private(set) var begun: [Int64] = []
    private(set) var ended = 0
    private(set) var now: UInt64 = 0

    func begin(_ record: RawRecord, task: String) -> (any RecordSpan)? {
        begun.append(record.offset)
        return Span(self)
    }

    func add(_ work: TracedWork) { works.append(work) }

    private final class Span: RecordSpan {
        private let trace: TraceSpy

        init(_ trace: TraceSpy) { self.trace = trace }

        func activate(_ body: () throws -> Void) rethrows { try body() }
        func propagate(into headers: inout Headers) {}
        func fail(_ error: any Error) {}
        func end() { trace.ended += 1 }
    }
}
