import Logging
import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Global stores of an instance")
struct GlobalStoreRestartTests {
    private let sums = Stores.keyValue("sums", key: .string, value: .string)
    private let cluster = FakeCluster()
    private let directory = MemoryStateDirectory()

    private struct Refusal: Error {}

    private func start(
        maxRecordsPerPoll: Int = .max, handlers: ErrorHandlers = ErrorHandlers()
    ) throws -> GlobalTables {
        let builder = StreamsBuilder()
        builder.addGlobalStore(sums, topic: "parts", key: .string, value: .string) { [sums] context in
            let sums = try context.store(sums)
            return { record in
                guard let key = record.key else { return }
                if record.value == "refused" { throw Refusal() }
                try sums.put(key, (sums.get(key) ?? "") + (record.value ?? "-"))
            }
        }
        builder.stream("in", key: .string, value: .string).to("out")
        let consumer = FakeConsumer(cluster)
        consumer.maxRecordsPerPoll = maxRecordsPerPoll
        var configuration = GlobalTableConfiguration(
            task: TaskConfiguration(
                applicationID: "app", handlers: handlers, maxStoreBufferSizeInBytes: 1 << 20))
        configuration.checkpointIntervalMs = 100
        return try GlobalTables(
            topology: builder.build(), partitions: [0, 1].map { TopicPartition(topic: "parts", partition: $0) },
            configuration: configuration,
            ports: GlobalTablePorts(
                consumer: consumer, provider: directory, clock: FakeClock(cluster), lock: NoStoreLock()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func contents(_ tables: GlobalTables) throws -> [String: String] {
        let bytes = try #require(tables.stores["sums"]?.readOnlyAccess.bytes)
        let entries = try KeyValueStore<String, String>(bytes, key: .string, value: .string, node: nil).entries()
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
    }

    private func expect(_ tables: GlobalTables, _ expected: [String: String]) throws {
        let found = try contents(tables)
        #expect(found == expected)
    }

    @Test("each record takes effect once, wherever the process was killed", arguments: 0..<12)
    func onceAfterCrash(steps: Int) throws {
        cluster.write(["p", "q", "r", "s", "t"], to: "parts", key: "a")
        cluster.write(["u", "v", "w"], to: "parts", partition: 1, key: "b")
        let first = try start(maxRecordsPerPoll: 1)
        for step in 0..<steps {
            try first.step(maxWaitMs: 10)
            // Every other step is due for a checkpoint.
            if step % 2 == 0 { cluster.nowMs += 100 }
        }
        directory.crash()
        let second = try start()
        while !second.isComplete { try second.step(maxWaitMs: 10) }
        try expect(second, ["a": "pqrst", "b": "uvw"])
        cluster.write(["x"], to: "parts", key: "a")
        try second.step(maxWaitMs: 10)
        try expect(second, ["a": "pqrstx", "b": "uvw"])
        try second.close()
        let third = try start()
        try expect(third, ["a": "pqrstx", "b": "uvw"])
    }

    @Test("a record that a processor refuses is skipped and counted if the handler says so")
    func skipped() throws {
        cluster.write(["p", "refused", "q"], to: "parts", key: "a")
        let tables = try start(handlers: ErrorHandlers(processing: .continue))
        while !tables.isComplete { try tables.step(maxWaitMs: 10) }
        try expect(tables, ["a": "pq"])
        #expect(tables.takeCounts().dropped == [.processing: 1])
    }

    @Test("global stores write no dead letters: the error says so, with the processor, its store and the record")
    func deadLetter() throws {
        cluster.write(["p", "refused", "q"], to: "parts", key: "a")
        let tables = try start(handlers: ErrorHandlers(processing: .deadLetter(topic: "dead")))
        let error = try #require(throws: StreamsError.self) {
            while !tables.isComplete { try tables.step(maxWaitMs: 10) }
        }
        #expect(error.code == .processing)
        #expect(error.underlying is Refusal)
        #expect(error.stores == ["sums"])
        #expect(error.record == RecordMetadata(topic: "parts", partition: 0, offset: 1))
        #expect(error.message.contains("global tables cannot write to dead"))
    }
}
