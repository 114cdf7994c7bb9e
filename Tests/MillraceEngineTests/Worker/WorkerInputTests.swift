import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Worker: reading and processing")
struct WorkerInputTests {
    private let left = TopicPartition(topic: "left", partition: 0)
    private let right = TopicPartition(topic: "right", partition: 0)

    private func fixture(_ configure: (inout WorkerConfiguration) -> Void = { _ in }) throws -> WorkerFixture {
        try WorkerFixture(topics: ["left": 1, "right": 1], configure: configure, FakeTopology.merge)
    }

    @Test("data of another partition that exists but was not fetched yet is awaited")
    func awaitsKnownData() throws {
        let fixture = try fixture()
        fixture.cluster.write(["l1", "l2"], to: "left", at: [10, 30])
        fixture.cluster.write(["r1"], to: "right", at: [20])
        fixture.consumer.silent = [right]
        try fixture.start()
        try fixture.steps(until: "a second") { fixture.cluster.nowMs > 1_000 }
        #expect(fixture.worker.status.counts.processed == 0)
        fixture.consumer.silent = []
        try fixture.steps(until: "the results") { fixture.cluster.values("out").count == 3 }
        #expect(fixture.cluster.values("out") == ["l1", "r1", "l2"])
    }

    @Test("a partition that has been read to its end delays nothing")
    func endOfPartition() throws {
        let fixture = try fixture()
        fixture.cluster.write(["l1", "l2"], to: "left")
        try fixture.start()
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["l1", "l2"] }
    }

    @Test("the marks of transactions behind the last record are committed once, though no record comes")
    func marksAtTheEnd() throws {
        let fixture = try fixture()
        fixture.cluster.write(["l1", "l2"], to: "left")
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.cluster.committed[left]?.offset == 2 }
        try fixture.steps(forMs: 1_000)
        // In a partition of which nothing is committed nothing was processed either.
        fixture.consumer.events = [.endOfPartition(slot: 0, offset: 3), .endOfPartition(slot: 1, offset: 2)]
        try fixture.steps(until: "the commit of the end") { fixture.cluster.committed[left]?.offset == 3 }
        #expect(fixture.cluster.committed[right] == nil)
        let commits = fixture.worker.status.commits
        fixture.consumer.events = [.endOfPartition(slot: 0, offset: 3)]
        try fixture.steps(forMs: 1_000)
        #expect(fixture.worker.status.commits == commits)
        #expect(fixture.cluster.values("out") == ["l1", "l2"])
    }

    @Test("a partition that waits for another one is paused when it is full, and resumed when it has drained")
    func backPressure() throws {
        let fixture = try fixture { $0.maxBufferedRecordsPerPartition = 10 }
        fixture.consumer.maxRecordsPerPoll = 4
        let times = (0..<40).map { Int64(2 * $0) }
        fixture.cluster.write(times.map { "l\($0)" }, to: "left", at: times)
        fixture.cluster.write(["r"], to: "right", at: [35])
        fixture.consumer.silent = [right]
        try fixture.start()
        try fixture.steps(until: "the pause") { fixture.consumer.paused == [left] }
        try fixture.steps(until: "a second") { fixture.cluster.nowMs > 1_000 }
        #expect(fixture.consumer.paused == [left])
        #expect(fixture.cluster.count("pause") == 1)
        #expect(fixture.worker.openTasks.first?.bufferedCount(of: left) == 12)
        fixture.consumer.silent = []
        try fixture.steps(until: "the results") { fixture.cluster.values("out").count == 41 }
        #expect(fixture.consumer.paused.isEmpty)
        #expect(fixture.cluster.values("out")[18] == "r")
    }

    @Test("a partition with few but large records is also paused")
    func backPressureBySize() throws {
        let fixture = try fixture { $0.maxBufferedSizeInBytesPerPartition = 1_000 }
        fixture.consumer.maxRecordsPerPoll = 1
        fixture.cluster.write(Array(repeating: String(repeating: "x", count: 600), count: 5), to: "left")
        fixture.consumer.silent = [right]
        try fixture.start()
        try fixture.steps(until: "the pause") { fixture.consumer.paused == [left] }
        #expect(fixture.worker.openTasks.first?.bufferedCount(of: left) == 2)
    }

    @Test("an error of the topology ends the worker, and nothing that led to it is committed")
    func failingClosure() throws {
        let fixture = try WorkerFixture { builder in
            builder.stream("in", key: .string, value: .string).mapValues { value in
                if value == "bad" { throw SerdeError(type: "good", message: "bad") }
                return value
            }.to("out")
        }
        fixture.cluster.write(["good", "bad"], to: "in")
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.steps(until: "the error") { false }
        }
        #expect(error?.code == .processing)
        #expect(error?.record == RecordMetadata(topic: "in", partition: 0, offset: 1))
        #expect(error?.node == "KSTREAM-MAPVALUES-0000000001")
        fixture.worker.closeUncommitted()
        #expect(fixture.cluster.values("out").isEmpty)
        #expect(fixture.cluster.committed.isEmpty)
        #expect(fixture.cluster.count("abort") == 1)
    }

    @Test("the lag is the number of known records that were not processed")
    func lag() throws {
        let fixture = try fixture()
        fixture.cluster.write(["l0"], to: "left")
        try fixture.start()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["l0"] }
        fixture.consumer.silent = [right]
        fixture.cluster.write(["r"], to: "right", at: [5])
        fixture.cluster.write(["l1", "l2"], to: "left", at: [7, 8])
        // The end of the right partition is already known, so the left one is processed without waiting.
        try fixture.steps(until: "a second") { fixture.cluster.nowMs > 1_000 }
        #expect(fixture.worker.status.lag == 0)
    }
}
