import Logging
import Millrace
import MillraceEngine

/// An instance of the application: a worker, which starts and ends, and a disk, which may outlive it.
final class SimulatedInstance {
    let name: String
    private let world: SimulatedWorld
    private let setting: Setting
    private var directory = MemoryStateDirectory()
    private var lives = 0
    private var startedMs: Int64 = 0
    private(set) var worker: Worker?
    private var global: SimulatedGlobalTables?
    private(set) var process: SimulatedProcess?
    /// Whether one of its steps is under way, which others interrupt.
    var isBusy = false
    /// The error that ended its last life, if one did.
    private(set) var lastError: (any Error)?
    /// The time at which a killed instance is started again.
    private(set) var restart = Moment.epoch

    /// The setting that all instances share.
    struct Setting {
        var topology: Topology
        var applicationID: String
        var guarantee: ProcessingGuarantee
        var isStatic: Bool
        var standbyReplicas: Int
        var waitsForTopics: Bool
        var plantedFault: PlantedFault?
    }

    /// The registry for queries of its stores in its present life; `nil` without queries.
    private(set) var localStores: LocalStores?
    private let reads: SimulatedReads?

    /// - Parameter reads: the queries of its stores; `nil` without queries.
    init(name: String, world: SimulatedWorld, setting: Setting, reads: SimulatedReads? = nil) {
        self.reads = reads
        self.name = name
        self.world = world
        self.setting = setting
    }

    var isAlive: Bool { worker != nil || global != nil }
    var isKilled: Bool { process?.isDead ?? false }
    /// Whether all records of the global tables' topics are in the tables. An instance that does not run reads them when it
    /// starts.
    var hasReadGlobalTables: Bool { global?.isUpToDate ?? true }

    /// Starts a process: makes sure of the topics, reads global tables and joins the group.
    func start() {
        guard !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        lives += 1
        startedMs = world.clock.nowMs
        let process = SimulatedProcess(name: "\(name).\(lives)")
        self.process = process
        world.log("\(process.name): starts")
        do {
            let admin = SimulatedAdmin(world: world, process: process)
            let plan = try InternalTopics.prepare(
                setting.topology, applicationID: setting.applicationID, replicationFactor: -1, admin: admin)
            if plan.globalPartitions.isEmpty { return try work(plan, process, admin) }
            global = try SimulatedGlobalTables(
                setting.topology, plan: plan, applicationID: setting.applicationID, world: world, process: process,
                admin: admin, provider: stores(process)
            ) { [unowned self] in try self.work(plan, process, admin) }
        } catch {
            end(after: error)
        }
    }

    private func work(_ plan: TopicPlan, _ process: SimulatedProcess, _ admin: SimulatedAdmin) throws {
        if let reads {
            let stores = LocalStores(setting.topology)
            stores.begin(plan.inputs)
            reads.want(in: stores)
            localStores = stores
        }
        let worker = Worker(
            topology: setting.topology, plan: plan, configuration: configuration,
            ports: faulty(ports(process, admin)), logger: Self.silent)
        self.worker = worker
        try worker.start()
    }

    /// Runs one step of the worker, with everything that happens meanwhile.
    func step() {
        guard isAlive, !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        do {
            try global?.step()
            try worker?.step(maxWaitMs: 50)
            if isKilled { end(after: nil) }
        } catch {
            end(after: error)
        }
    }

    /// Stops the instance cleanly.
    func close() {
        guard isAlive, !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        do {
            try worker?.close()
            try global?.close()
            // A worker may ignore the error that a kill during its closing causes.
            if isKilled { return end(after: nil) }
            world.log("\(process?.name ?? name): has closed")
            (worker, global, localStores) = (nil, nil, nil)
        } catch {
            end(after: error)
        }
    }

    private func end(after error: (any Error)?) {
        lastError = error
        if isKilled {
            directory.crash()
            if world.random.chance(world.faults.lostDisks) {
                world.log("\(name): its disk is lost")
                directory = MemoryStateDirectory()
            }
        } else {
            world.log("\(process?.name ?? name): ends with \(error.map { "\($0)" } ?? "nothing")")
            worker?.closeUncommitted()
            global?.closeUncommitted()
            process?.isDead = true
            directory.crash()
        }
        (worker, global, localStores) = (nil, nil, nil)
        restart = world.clock.monotonic + TimeSpan(ms: Int64(world.random.below(3_000)))
    }

    private var configuration: WorkerConfiguration {
        var configuration = WorkerConfiguration(
            applicationID: setting.applicationID, guarantee: setting.guarantee,
            // This handler must not be asked about changes of stores.
            handlers: ErrorHandlers(production: { _ in .continue }),
            commitIntervalMs: 100, stateCache: StateCacheBudget(sizeInBytes: 1 << 20))
        configuration.checkpointIntervalMs = 500
        configuration.purgeIntervalMs = 1_000
        configuration.topicCheckIntervalMs = 1_000
        configuration.waitsForTopics = setting.waitsForTopics
        configuration.maxRecordsPerStep = 20
        configuration.standbyReplicas = setting.standbyReplicas
        configuration.standbyCheckIntervalMs = 100
        configuration.maxOffsetMetadataLength = world.maxOffsetMetadataLength
        configuration.identity = identity
        setting.plantedFault?.changeSettings(&configuration)
        return configuration
    }

    private func ports(_ process: SimulatedProcess, _ admin: SimulatedAdmin) -> WorkerPorts {
        let (world, setting) = (world, setting)
        let isExactlyOnce = setting.guarantee == .exactlyOnce
        var consumer = SimulatedConsumer.Settings(
            groupID: setting.applicationID, clientID: identity.clientID(address: nil),
            instanceID: setting.isStatic ? name : nil,
            readsCommitted: isExactlyOnce)
        var restore = consumer
        restore.readsCommitted = true
        let restoreSettings = restore
        setting.plantedFault?.changeConsumer(&consumer)
        let transactionalID = isExactlyOnce ? "\(setting.applicationID)-\(name)" : nil
        return WorkerPorts(
            consumer: SimulatedConsumer(world: world, process: process, settings: consumer),
            makeRestoreConsumer: { SimulatedConsumer(world: world, process: process, settings: restoreSettings) },
            makeProducer: {
                SimulatedProducer(world: world, process: process, transactionalID: transactionalID)
            },
            admin: admin,
            provider: stores(process), clock: world.clock, globalStores: global?.stores ?? [:], localStores: localStores
        )
    }

    /// The ports with the planted fault, if there is one.
    private func faulty(_ ports: WorkerPorts) -> WorkerPorts {
        var ports = ports
        setting.plantedFault?.wrapPorts(&ports) { [weak self] in self?.worker?.openTasks ?? [] }
        return ports
    }

    private var identity: WorkerIdentity {
        WorkerIdentity(
            name: GroupMember.name(instance: "\(setting.applicationID)-\(name)", worker: 0), topology: setting.topology,
            startedMs: startedMs)
    }

    private func stores(_ process: SimulatedProcess) -> SimulatedStores {
        SimulatedStores(
            directory: directory, world: world, process: process, applicationID: setting.applicationID)
    }

    static var silent: Logger { Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() } }
}
