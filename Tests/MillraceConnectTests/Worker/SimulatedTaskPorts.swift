import ClusterCore
import Millrace
import MillraceConnect
import MillraceEngine

@testable import MillraceTesting

extension SimulatedWorld {
    /// A world without faults, with topics of one partition.
    convenience init(topics: [String]) throws {
        self.init(seed: 1, faults: .none, groupID: "connect", maxOffsetMetadataLength: 4_096)
        for topic in topics { try create(topic) }
    }

    func create(_ topic: String) throws {
        _ = try cluster.createTopic(NewTopic(topic, partitionCount: 1), nowMs: clock.nowMs)
        settle()
    }
}

/// The clients of a source's task on a simulated cluster.
final class SimulatedTaskPorts: SourceTaskPorts {
    private let world: SimulatedWorld
    private let process = SimulatedProcess(name: "process")

    init(_ world: SimulatedWorld) { self.world = world }

    var clock: any WallClock { world.clock }

    func makeProducer(transactionalID: String) -> any ProducerPort {
        SimulatedProducer(world: world, process: process, transactionalID: transactionalID)
    }

    func makeReader() -> any ReaderPort {
        SimulatedConsumer(
            world: world, process: process,
            settings: .init(groupID: "readers", clientID: "reader", readsCommitted: true))
    }
}

/// A source of the numbers up to but excluding an end, one record a read.
// @unchecked: the test has one thread.
final class CountingSource: SourceConnector, @unchecked Sendable {
    var end = 0

    func partitions() -> [String] { ["part"] }

    func open(_ partition: String, from position: SourcePosition?) -> any SourcePartitionReader {
        Reader(self, next: position.flatMap { Int($0.rawValue) } ?? 0)
    }

    private final class Reader: SourcePartitionReader {
        private let source: CountingSource
        private var next: Int

        init(_ source: CountingSource, next: Int) { (self.source, self.next) = (source, next) }

        func read(_ count: Int, withinMs milliseconds: Int) -> SourceBatch {
            guard next < source.end else { return SourceBatch() }
            defer { next += 1 }
            return SourceBatch(
                [SourceRecord(topic: "out", key: nil, value: Array("\(next)".utf8))],
                position: SourcePosition(rawValue: "\(next + 1)"))
        }

        func committed(_ position: SourcePosition) {}
        func close() {}
    }
}
