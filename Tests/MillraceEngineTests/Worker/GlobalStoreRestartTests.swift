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

    private func start(maxRecordsPerPoll: Int = .max) throws -> GlobalTables {
        let builder = StreamsBuilder()
        builder.addGlobalStore(sums, topic: "parts", key: .string, value: .string) { [sums] context in
            let sums = try context.store(sums)
            return { record in
                guard let key = record.key else { return }
                try sums.put(key, (sums.get(key) ?? "") + (record.value ?? "-"))
            }
        }
        builder.stream("in", key: .string, value: .string).to("out")
        let consumer = FakeConsumer(cluster)
        consumer.maxRecordsPerPoll = maxRecordsPerPoll
        var configuration = GlobalTableConfiguration(
            task: TaskConfiguration(
                applicationID: "app", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: 1 << 20))
        configuration.checkpointIntervalMs = 100
        return try GlobalTables(
            topology: builder.build(), partitions: [0, 1].map { TopicPartition(topic: "parts", partition: $0) },
            configuration: configuration,
            ports: GlobalTablePorts(
                consumer: consumer, provider: directory, clock: FakeClock(cluster), lock: NoStoreLock()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func contents(_ tables: GlobalTables) throws -> [String: String] {
        let bytes = try #require(tables.stores["sums"]?.readOnlyBytes)
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
}
