import Logging
import Millrace
import MillraceEngine

/// The global tables of an instance. They are followed beside its worker, which starts when they are complete.
final class SimulatedGlobalTables {
    private let tables: GlobalTables
    private let consumer: SimulatedConsumer
    /// Starts the worker; `nil` once it has been called.
    private var whenComplete: (() throws -> Void)?

    init(
        _ topology: Topology, plan: TopicPlan, applicationID: String, world: SimulatedWorld, process: SimulatedProcess,
        admin: SimulatedAdmin, provider: SimulatedStores, localStores: LocalStores?,
        whenComplete: @escaping () throws -> Void
    ) throws {
        self.whenComplete = whenComplete
        consumer = SimulatedConsumer(
            world: world, process: process,
            settings: SimulatedConsumer.Settings(
                groupID: applicationID, clientID: "\(process.name)-global", readsCommitted: true))
        var configuration = GlobalTableConfiguration(
            task: TaskConfiguration(
                applicationID: applicationID, handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: 1 << 20,
                maxCacheSizeInBytes: 0))
        configuration.checkpointIntervalMs = 500
        configuration.maxRecordsPerStep = 20
        configuration.topicCheckIntervalMs = 1_000
        var ports = GlobalTablePorts(
            consumer: consumer, provider: provider, clock: world.clock, lock: NoStoreLock(), admin: admin)
        ports.localStores = localStores
        tables = try GlobalTables(
            topology: topology, partitions: plan.globalPartitions, configuration: configuration, ports: ports,
            logger: SimulatedInstance.silent)
    }

    var stores: [String: GlobalStore] { tables.stores }

    /// Whether all records of the topics have been read.
    var isUpToDate: Bool { tables.isComplete && consumer.isAtEnd }

    func step() throws {
        try tables.step(maxWaitMs: 5)
        guard tables.isComplete, let start = whenComplete else { return }
        whenComplete = nil
        try start()
    }

    func close() throws { try tables.close() }

    func closeUncommitted() { tables.closeUncommitted() }
}
