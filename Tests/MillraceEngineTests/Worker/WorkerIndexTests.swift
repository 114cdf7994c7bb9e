import Logging
import Millrace
import MillraceEngine
import MillraceTesting
import Synchronization
import Testing

/// An index of which a test decides when it wants a commit.
private final class EagerIndex: StoreIndex {
    /// The indexes that are open, by the ids of their tasks.
    final class Registry: Sendable {
        struct Entry {
            var isCommitWanted = false
            var commitCount = 0
        }

        let entries = Mutex<[String: Entry]>([:])

        subscript(task: String) -> Entry {
            get { entries.withLock { $0[task] ?? Entry() } }
            set { entries.withLock { $0[task] = newValue } }
        }

        func supplier() -> StoreIndexSupplier<String> {
            StoreIndexSupplier("eager", kind: "eager") { context, _ in EagerIndex(context.taskID, self) }
        }
    }

    private let task: String
    private let registry: Registry

    init(_ task: String, _ registry: Registry) { (self.task, self.registry) = (task, registry) }

    var position: Position { Position() }
    var isCommitWanted: Bool { registry[task].isCommitWanted }

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {}

    func commit(at position: Position) throws -> Int {
        registry[task].isCommitWanted = false
        registry[task].commitCount += 1
        return registry[task].commitCount
    }

    func rebuild(from entries: StoreIndexEntries) throws {}
    func removeAll() throws {}
    func close() {}
}

@Suite("Worker: indexes between commits")
struct WorkerIndexTests {
    private let indexes = EagerIndex.Registry()
    private static let me = GroupMember(memberID: "me", clientID: "a")
    private static let other = GroupMember(memberID: "other", clientID: "b@host:1")

    private func define(_ builder: StreamsBuilder) {
        builder.table("in", key: .string, value: .string, into: .store("table").indexed(by: indexes.supplier()))
    }

    @Test("what another thread has made for an index is published in the next step, though its task sleeps")
    func sleepingTask() throws {
        let fixture = try WorkerFixture(topics: ["in": 2], define)
        try fixture.start()
        try fixture.stepsUntilRunning()
        try fixture.steps(forMs: 500)
        for task in ["0_1", "0_0", "0_1"] {
            let before = indexes[task].commitCount
            indexes[task].isCommitWanted = true
            try fixture.step()
            #expect(indexes[task].commitCount == before + 1)
            try fixture.step()
            #expect(indexes[task].commitCount == before + 1)
        }
    }

    @Test("a standby's index is published in the next step, too")
    func standby() throws {
        let fixture = try WorkerFixture(topics: ["in": 4], configure: { $0.standbyReplicas = 1 }, define)
        fixture.cluster.group = GroupDescription(isStable: true, members: [Self.me, Self.other])
        try fixture.start()
        try fixture.steps(until: "standbys") { !fixture.worker.openStandbys.isEmpty }
        try fixture.steps(forMs: 500)
        let task = try #require(fixture.worker.openStandbys.first?.id.description)
        let before = indexes[task].commitCount
        indexes[task].isCommitWanted = true
        try fixture.step()
        #expect(indexes[task].commitCount == before + 1)
    }

    @Test("an index of a global table is published in the next step without a record")
    func globalTable() throws {
        let builder = StreamsBuilder()
        _ = builder.globalTable(
            "parts", key: .string, value: .string, into: .store("table").indexed(by: indexes.supplier()))
        builder.stream("in", key: .string, value: .string).to("out")
        let cluster = FakeCluster()
        var configuration = GlobalTableConfiguration(
            task: TaskConfiguration(
                applicationID: "app", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: 1 << 20))
        configuration.checkpointIntervalMs = 1_000_000
        let tables = try GlobalTables(
            topology: builder.build(), partitions: [TopicPartition(topic: "parts", partition: 0)],
            configuration: configuration,
            ports: GlobalTablePorts(
                consumer: FakeConsumer(cluster), provider: MemoryStateDirectory(), clock: FakeClock(cluster),
                lock: NoStoreLock()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for _ in 0..<10 { try tables.step(maxWaitMs: 10) }
        let task = try #require(indexes.entries.withLock { $0.keys.first })
        let before = indexes[task].commitCount
        indexes[task].isCommitWanted = true
        try tables.step(maxWaitMs: 10)
        #expect(indexes[task].commitCount == before + 1)
        try tables.step(maxWaitMs: 10)
        #expect(indexes[task].commitCount == before + 1)
        try tables.close()
    }
}
