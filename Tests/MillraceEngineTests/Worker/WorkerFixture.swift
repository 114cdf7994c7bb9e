import Logging
import Millrace
import MillraceEngine
import MillraceTesting
import Testing

/// A worker over a fake cluster, which tests advance step by step.
final class WorkerFixture {
    let cluster: FakeCluster
    let consumer: FakeConsumer
    /// The reader of changelogs.
    let restorer: FakeConsumer
    /// The reader of changelogs for standbys.
    let standbyReader: FakeConsumer
    let admin: FakeAdmin
    let directory: MemoryStateDirectory
    let worker: Worker
    let plan: TopicPlan
    let localStores: LocalStores

    /// - Parameters:
    ///   - topics: the topics that the topology reads, with their partition counts.
    ///   - directory: the state of an earlier run.
    convenience init(
        cluster: FakeCluster = FakeCluster(), directory: MemoryStateDirectory = MemoryStateDirectory(),
        guarantee: ProcessingGuarantee = .exactlyOnce, handlers: ErrorHandlers = ErrorHandlers(),
        topics: [String: Int32] = ["in": 1], trace: (any TracePort)? = nil,
        configure: (inout WorkerConfiguration) -> Void = { _ in },
        _ define: (StreamsBuilder) -> Void
    ) throws {
        let builder = StreamsBuilder()
        define(builder)
        try self.init(
            topology: builder.build(), cluster: cluster, directory: directory, guarantee: guarantee,
            handlers: handlers, topics: topics, trace: trace, configure: configure)
    }

    init(
        topology: Topology, cluster: FakeCluster = FakeCluster(),
        directory: MemoryStateDirectory = MemoryStateDirectory(), guarantee: ProcessingGuarantee = .exactlyOnce,
        handlers: ErrorHandlers = ErrorHandlers(), topics: [String: Int32],
        trace: (any TracePort)? = nil, configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws {
        let (consumer, admin) = (FakeConsumer(cluster), FakeAdmin(cluster))
        admin.counts = topics.merging(["out": 1]) { given, _ in given }
        plan = try InternalTopics.prepare(topology, applicationID: "app", replicationFactor: -1, admin: admin)
        var configuration = WorkerConfiguration(
            applicationID: "app", guarantee: guarantee, handlers: handlers, commitIntervalMs: 100,
            stateCacheSizeInBytes: { 1 << 20 })
        configure(&configuration)
        let restorer = FakeConsumer(cluster, name: "restore ")
        let standbyReader = FakeConsumer(cluster, name: "standby ")
        let localStores = LocalStores(topology)
        localStores.begin(plan.inputs)
        self.localStores = localStores
        var ports = WorkerPorts(
            consumer: consumer,
            makeRestoreConsumer: { restorer },
            makeProducer: { FakeProducer(cluster, isTransactional: guarantee == .exactlyOnce) }, admin: admin,
            provider: directory, clock: FakeClock(cluster), localStores: localStores)
        ports.makeStandbyConsumer = { standbyReader }
        ports.trace = trace
        worker = Worker(
            topology: topology, plan: plan, configuration: configuration, ports: ports,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        self.cluster = cluster
        self.consumer = consumer
        self.admin = admin
        self.directory = directory
        self.restorer = restorer
        self.standbyReader = standbyReader
    }

    /// Starts the worker and makes the group assign everything to it.
    func start() throws {
        try worker.start()
        rebalance()
    }

    /// Announces a generation of the group.
    func rebalance() { consumer.membershipEvents.append(.assigned(plan.inputs.values.flatMap { $0 })) }

    func step(maxWaitMs: Int = 50) throws { try worker.step(maxWaitMs: maxWaitMs) }

    /// Steps until a condition holds; fails after more steps than any test needs.
    func steps(
        until what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
    ) throws {
        for _ in 0..<2_000 {
            if try condition() { return }
            try step()
        }
        try #require(try condition(), "\(what) did not come", sourceLocation: sourceLocation)
    }

    /// Steps until this much time has passed.
    func steps(forMs ms: Int64) throws {
        let end = cluster.nowMs + ms
        try steps(until: "\(ms) ms") { cluster.nowMs >= end }
    }

    func stepsUntilRunning(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try steps(until: "running", sourceLocation: sourceLocation) { worker.status.phase == .running }
    }

    /// The entries of a task's store on disk, as text by key, and their position.
    func stored(_ store: StorePlan, of task: TaskID) throws -> (entries: [String: String], position: Int64?) {
        try directory.lock(task)
        defer { directory.unlock(task) }
        let opened = try directory.openStore(store, of: task)
        var entries: [String: String] = [:]
        try opened.scan(from: nil, to: nil) { key, value in
            let plain = UnsafeRawBufferPointer(rebasing: value.dropFirst(8))
            let isNumber = plain.count == 8
            entries[String(decoding: key, as: UTF8.self)] =
                isNumber
                ? String(Int64(bigEndian: plain.loadUnaligned(as: Int64.self))) : String(decoding: plain, as: UTF8.self)
            return true
        }
        return (entries, try opened.position())
    }
}

/// Topologies that the tests of the worker run.
enum FakeTopology {
    static func copy(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).to("out")
    }

    static func count(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).groupByKey()
            .count(into: .store("counts").withoutCache()).toStream().to("out")
    }

    static func rekeyedCount(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
            .groupByKey(key: .string, value: .string).count(into: .store("counts").withoutCache()).toStream().to("out")
    }

    static func merge(_ builder: StreamsBuilder) {
        builder.stream(["left", "right"], key: .string, value: .string).to("out")
    }

    static let countsStore = StorePlan(
        name: "counts", kind: .timestampedKeyValue, supplier: .rocksDB, isCached: false, changelogConfiguration: [:])
}
