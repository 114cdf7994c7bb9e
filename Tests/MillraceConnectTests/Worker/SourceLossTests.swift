import Millrace
import MillraceConnect
import MillraceEngine
import Testing

@testable import MillraceTesting

@Suite("Losses of a source")
struct SourceLossTests {
    @Test(
        "are told once, when the position after them is committed, although the source notices them again after an error"
    )
    func once() throws {
        let world = try SimulatedWorld(topics: ["out", "positions"])
        let source = LossySource()
        let task = SourceTask(
            SourceTaskID(connector: "source", partition: "part"), of: source, ports: SimulatedTaskPorts(world),
            configuration: .init(
                transactionalID: "connect:source/part", positionsTopic: "positions", positionsPartition: 0))
        while !task.isReading { _ = try task.step(withinMs: 10) }
        // The interval of commits is not over yet.
        #expect(task.takeLosses() == [] && task.totals.commits == 0)
        #expect(throws: ConnectorError.self) { _ = try task.step(withinMs: 10) }
        #expect(task.recover(from: ConnectorError(.temporary, "it broke off")))
        #expect(task.takeLosses() == [] && source.openings == 1)
        source.breaks = false
        while task.totals.commits == 0 {
            _ = try task.step(withinMs: 10)
            world.clock.advance(by: 20)
            world.settle()
        }
        #expect(source.openings == 2 && task.committed == SourcePosition(rawValue: "after"))
        #expect(task.backlog == SourceBacklog(recordCount: 7, trimMargin: 3))
        #expect(task.takeLosses() == [RecordLoss("5 records between 1 and 7 are gone", recordCount: 5)])
        #expect(task.takeLosses() == [])
        task.close()
        #expect(task.backlog == nil)
    }
}

/// A source whose first batch is a loss, and which breaks off afterwards.
// @unchecked: the test has one thread.
private final class LossySource: SourceConnector, @unchecked Sendable {
    var breaks = true
    private(set) var openings = 0

    func partitions() -> [String] { ["part"] }

    func open(_ partition: String, from position: SourcePosition?) -> any SourcePartitionReader {
        openings += 1
        return Reader(self)
    }

    private final class Reader: SourcePartitionReader {
        private let source: LossySource
        private var hasTold = false

        init(_ source: LossySource) { self.source = source }

        var backlog: SourceBacklog? { SourceBacklog(recordCount: 7, trimMargin: 3) }

        func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
            if hasTold, source.breaks { throw ConnectorError(.temporary, "it broke off") }
            if hasTold { return SourceBatch() }
            hasTold = true
            return SourceBatch(
                [SourceRecord(topic: "out", key: nil, value: [1])], position: SourcePosition(rawValue: "after"),
                losses: [RecordLoss("5 records between 1 and 7 are gone", recordCount: 5)])
        }

        func committed(_ position: SourcePosition) {}

        func close() {}
    }
}
