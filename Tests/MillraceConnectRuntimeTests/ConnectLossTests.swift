import MillraceConnect
import MillraceConnectRuntime
import TestSupport
import Testing

@Suite("Losses in a worker")
struct ConnectLossTests {
    @Test(
        "a loss is counted, and one warning of the log; a paused source is still asked for its backlog",
        .timeLimit(.minutes(60)))
    func loss() async throws {
        let surroundings = try ConnectSurroundings()
        try surroundings.makeTopic()
        let log = RecordingLog()
        let source = TrimmedSource(topic: surroundings.topic)
        let connector = ConfiguredConnector(name: "trimmed", type: "trimmed-source", connector: .source(source))
        let worker = ConnectWorker(
            surroundings.configuration([connector], hasSource: false), logger: log.logger)
        async let run: Void = worker.run()
        func task() -> ConnectorTaskStatus? { worker.connector("trimmed")?.tasks.first }
        try await eventually("the loss is counted") { task()?.losses == 1 }
        #expect(task()?.lostRecords == 5 && task()?.lastLossMs != nil)
        #expect(task()?.unread == 7 && task()?.trimMargin == nil)
        #expect(try surroundings.lines(1) == ["1"])
        try await worker.pause("trimmed")
        try await eventually("the paused source is asked") {
            task()?.state == .paused && task()?.unread == 9 && task()?.trimMargin == 2
        }
        worker.shutdown()
        try await run
        #expect(
            log.warnings.filter { $0.hasPrefix("records are lost") } == [
                "records are lost: 5 of them between 1 and 7 [:]"
            ])
    }
}

/// A source whose first batch has a record after a loss.
private struct TrimmedSource: SourceConnector {
    var topic: String

    func partitions() -> [String] { ["part"] }

    func open(_ partition: String, from position: SourcePosition?) -> any SourcePartitionReader {
        Reader(topic: position == nil ? topic : nil)
    }

    func backlog(of partition: String, after position: SourcePosition) -> SourceBacklog? {
        position.rawValue == "after" ? SourceBacklog(recordCount: 9, trimMargin: 2) : nil
    }

    private final class Reader: SourcePartitionReader {
        private var topic: String?

        init(topic: String?) { self.topic = topic }

        let backlog: SourceBacklog? = SourceBacklog(recordCount: 7)

        func read(_ count: Int, withinMs milliseconds: Int) -> SourceBatch {
            guard let topic else { return SourceBatch() }
            self.topic = nil
            return SourceBatch(
                [SourceRecord(topic: topic, key: nil, value: Array("1".utf8))],
                position: SourcePosition(rawValue: "after"),
                losses: [RecordLoss("5 of them between 1 and 7", recordCount: 5)])
        }

        func committed(_ position: SourcePosition) {}

        func close() {}
    }
}
