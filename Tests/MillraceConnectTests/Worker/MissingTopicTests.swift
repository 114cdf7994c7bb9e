import ClusterCore
import Millrace
import MillraceConnect
import MillraceEngine
import Testing

@testable import MillraceTesting

@Suite("A source whose topic is missing")
struct MissingTopicTests {
    @Test("says so at once, waits, and writes each record once, also when the topic is deleted later")
    func missing() throws {
        let world = try SimulatedWorld(topics: ["positions"])
        let source = CountingSource()
        let task = SourceTask(
            SourceTaskID(connector: "source", partition: "part"), of: source, ports: SimulatedTaskPorts(world),
            configuration: .init(
                transactionalID: "connect:source/part", positionsTopic: "positions", positionsPartition: 0))
        /// Makes steps until everything is committed. Returns the errors before.
        func commit(mostErrors: Int) -> [String] {
            var errors: [String] = []
            for _ in 0..<200 where task.committed?.rawValue != "\(source.end)" && errors.count < mostErrors {
                do { _ = try task.step(withinMs: 10) } catch {
                    errors.append("\(error)")
                    #expect(task.recover(from: error), "\(error)")
                }
                world.clock.advance(by: 50)
                world.settle()
            }
            return errors
        }
        let sentence = "The topic out does not exist: create it. The connector waits for it."
        source.end = 2
        #expect(commit(mostErrors: 2) == [sentence, sentence] && task.totals.commits == 0)
        try world.create("out")
        #expect(commit(mostErrors: 1) == [] && world.values(of: "out") == ["0", "1"])

        try world.cluster.deleteTopic("out", nowMs: world.clock.nowMs)
        source.end = 3
        let errors = commit(mostErrors: 2)
        // The broker refuses the record that was sent before the topic went.
        #expect(errors.count == 2 && errors[0] != sentence && errors[1] == sentence, "\(errors)")
        try world.create("out")
        #expect(commit(mostErrors: 1) == [] && world.values(of: "out") == ["2"])
        task.close()
    }
}

extension SimulatedWorld {
    /// The values of the first partition of a topic.
    fileprivate func values(of topic: String) -> [String] {
        cluster.committedRecords(of: ClusterCore.TopicPartition(topic, 0), from: 0).map {
            String(decoding: $0.value.map { Array($0) } ?? [], as: UTF8.self)
        }
    }
}
