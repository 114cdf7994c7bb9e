import Millrace
import MillraceConnect
import MillraceEngine
import Testing

@testable import MillraceTesting

@Suite("Transactions of a source")
struct SourceTransactionTests {
    @Test("end with their time, or earlier with so many records or bytes", arguments: [(3, 100), (100, 3)])
    func sizes(count: Int, bytes: Int) throws {
        let world = try SimulatedWorld(topics: ["out", "positions"])
        let source = CountingSource()
        var configuration = SourceTaskConfiguration(
            transactionalID: "connect:source/part", positionsTopic: "positions", positionsPartition: 0)
        configuration.commitIntervalMs = 1_000_000
        configuration.transactionCount = count
        configuration.transactionSizeInBytes = bytes
        let task = SourceTask(
            SourceTaskID(connector: "source", partition: "part"), of: source, ports: SimulatedTaskPorts(world),
            configuration: configuration)
        while !task.isReading { _ = try task.step(withinMs: 10) }
        // Each record has one byte.
        source.end = 8
        for _ in 0..<20 { _ = try task.step(withinMs: 10) }
        #expect(task.totals.records == 6 && task.totals.sizeInBytes == 6 && task.totals.commits == 2)
        world.clock.advance(by: 1_000_000)
        _ = try task.step(withinMs: 10)
        #expect(task.totals.records == 8 && task.totals.sizeInBytes == 8 && task.totals.commits == 3)
        task.close()
    }
}
