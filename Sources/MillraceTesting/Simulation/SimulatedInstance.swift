import Logging
import Millrace
import MillraceEngine
import Synchronization

/// An instance of the application: its workers, which start and end, and a disk, which may outlive them.
final class SimulatedInstance {
    let name: String
    private let world: SimulatedWorld
    private let setting: Setting
    private var directory = MemoryStateDirectory()
    private var indexDisk = SimulatedIndexDisk()
    private var lives = 0
    private var startedMs: Int64 = 0
    /// The workers by number. It starts with one.
    private var workersByNumber: [Int: Worker] = [:]
    /// The number of the worker that is being removed.
    private var removedWorker: Int?
    /// The paused sub-topologies. They are forgotten when the process ends.
    private var paused = PausedSubtopologies()
    /// The topics as the present life of the instance found them; a further worker needs them.
    private var plan: TopicPlan?
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
        /// Whether its stores are queried.
        var isQueried = false
        var plantedFault: PlantedFault?
    }

    /// The registry for queries of its stores in its present life; `nil` without queries.
    private(set) var localStores: LocalStores?
    /// The address at which other instances find it, through all of its lives; `nil` without queries.
    var address: InstanceAddress? { reads.map { _ in InstanceAddress(host: name, port: 8_080) } }
    private let reads: SimulatedReads?

    /// - Parameter reads: the queries of its stores; `nil` without queries.
    init(name: String, world: SimulatedWorld, setting: Setting, reads: SimulatedReads? = nil) {
        self.reads = reads
        self.name = name
        self.world = world
        self.setting = setting
    }

    /// The workers, in the order of their numbers.
    var workers: [Worker] { workersByNumber.sorted { $0.key < $1.key }.map(\.value) }
    var isAlive: Bool { !workersByNumber.isEmpty || global != nil }
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
        paused = PausedSubtopologies()
        world.log("\(process.name): starts")
        do {
            let admin = SimulatedAdmin(world: world, process: process)
            let plan = try InternalTopics.prepare(
                setting.topology, applicationID: setting.applicationID, replicationFactor: -1, admin: admin)
            beginQueries(plan)
            if plan.globalPartitions.isEmpty { return try work(plan) }
            let global = try SimulatedGlobalTables(
                setting.topology, plan: plan, applicationID: setting.applicationID, world: world, process: process,
                admin: admin, provider: stores(process), localStores: localStores
            ) { [unowned self] in try self.work(plan) }
            self.global = global
            localStores?.setGlobal(global.stores)
        } catch {
            end(after: error)
        }
    }

    private func beginQueries(_ plan: TopicPlan) {
        guard setting.isQueried else { return }
        let stores = LocalStores(setting.topology)
        stores.begin(plan.inputs)
        reads?.want(in: stores)
        localStores = stores
    }

    private func work(_ plan: TopicPlan) throws {
        self.plan = plan
        try startWorker(0, plan)
    }

    private func startWorker(_ number: Int, _ plan: TopicPlan) throws {
        guard let process else { return }
        let admin = SimulatedAdmin(world: world, process: process)
        let worker = Worker(
            topology: setting.topology, plan: plan, configuration: configuration(ofWorker: number),
            ports: faulty(ports(ofWorker: number, process, admin), ofWorker: number), logger: Self.silent)
        workersByNumber[number] = worker
        try worker.start()
    }

    /// Runs one step of the worker, with everything that happens meanwhile.
    func step() {
        guard isAlive, !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        do {
            try global?.step()
            let workers = workers
            if workers.count == 1 { try step(workers[0]) }
            if workers.count > 1 { try step(workers[world.random.below(workers.count)]) }
            if isKilled { end(after: nil) }
        } catch {
            end(after: error)
        }
    }

    /// Runs one step of a worker, in which no paused task may do anything.
    private func step(_ worker: Worker) throws {
        let paused = paused.present
        let tasks = worker.openTasks.filter { paused.contains($0.id.subtopology) }
        let before = tasks.map { (task: $0, work: Work(of: $0)) }
        try worker.step(maxWaitMs: 50)
        for (task, work) in before where worker.openTasks.contains(where: { $0 === task }) {
            let problem = work.problem(after: Work(of: task)) { partition, offsets in
                world.hasRecords(in: partition, at: offsets, readsCommitted: setting.guarantee == .exactlyOnce)
            }
            guard let problem else { continue }
            world.violate("\(process?.name ?? name): the paused task \(task.id) \(problem)")
        }
    }

    // MARK: Pauses and further workers

    /// Pauses the instance or one of its sub-topologies, or resumes whatever is paused.
    func pauseOrResume() {
        let numbers = setting.topology.subtopologies.filter { !$0.isGlobal }.map(\.id)
        guard isAlive, !numbers.isEmpty else { return }
        guard paused.present.isEmpty else { return resume() }
        let chosen = world.random.chance(0.5) ? numbers : [numbers[world.random.below(numbers.count)]]
        world.log("\(process?.name ?? name): paused are \(chosen)")
        paused.numbers.withLock { $0 = Set(chosen) }
    }

    /// Resumes everything.
    func resume() {
        if paused.present.isEmpty { return }
        world.log("\(process?.name ?? name): resumed")
        paused.numbers.withLock { $0 = [] }
    }

    /// Adds a worker or removes one; the last one stays.
    func addOrRemoveWorker() {
        guard !workersByNumber.isEmpty, !isBusy, !isKilled, let plan else { return }
        isBusy = true
        defer { isBusy = false }
        do {
            if workersByNumber.count == 1 {
                let number = workersByNumber[0] == nil ? 0 : 1
                world.log("\(process?.name ?? name): adds worker \(number)")
                try startWorker(number, plan)
            } else {
                try removeWorker(world.random.below(workersByNumber.count))
            }
            if isKilled { end(after: nil) }
        } catch {
            end(after: error)
        }
    }

    private func removeWorker(_ number: Int) throws {
        world.log("\(process?.name ?? name): removes worker \(number)")
        removedWorker = number
        defer { removedWorker = nil }
        try workersByNumber[number]?.close(isForGood: true)
        workersByNumber[number] = nil
    }

    /// Stops the instance cleanly.
    func close() {
        guard isAlive, !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        do {
            for worker in workers { try worker.close() }
            try global?.close()
            // A worker may ignore the error that a kill during its closing causes.
            if isKilled { return end(after: nil) }
            world.log("\(process?.name ?? name): has closed")
            endProcess(losingPower: false)
            (workersByNumber, global, localStores) = ([:], nil, nil)
        } catch {
            end(after: error)
        }
    }

    private func end(after error: (any Error)?) {
        lastError = error
        if isKilled {
            directory.crash()
            endProcess(losingPower: !indexDisk.isEmpty && world.random.chance(0.5))
            if world.random.chance(world.faults.lostDisks) {
                world.log("\(name): its disk is lost")
                directory = MemoryStateDirectory()
                indexDisk = SimulatedIndexDisk()
            }
        } else {
            world.log("\(process?.name ?? name): ends with \(error.map { "\($0)" } ?? "nothing")")
            for worker in workers { worker.closeUncommitted() }
            global?.closeUncommitted()
            process?.isDead = true
            directory.crash()
            endProcess(losingPower: false)
        }
        (workersByNumber, global, localStores) = ([:], nil, nil)
        restart = world.clock.monotonic + TimeSpan(ms: Int64(world.random.below(3_000)))
    }

    /// Ends what the process's threads do.
    private func endProcess(losingPower: Bool) {
        process?.hasEnded = true
        indexDisk.end(losingPower: losingPower, in: world)
    }

    private func configuration(ofWorker number: Int) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            applicationID: setting.applicationID, guarantee: setting.guarantee,
            // This handler must not be asked about changes of stores.
            handlers: ErrorHandlers(production: { _ in .continue }),
            commitIntervalMs: 100, stateCacheSizeInBytes: { 1 << 20 })
        configuration.checkpointIntervalMs = 500
        configuration.purgeIntervalMs = 1_000
        configuration.topicCheckIntervalMs = 1_000
        configuration.waitsForTopics = setting.waitsForTopics
        configuration.maxRecordsPerStep = 20
        configuration.standbyReplicas = setting.standbyReplicas
        configuration.standbyCheckIntervalMs = 100
        configuration.maxOffsetMetadataLength = world.maxOffsetMetadataLength
        configuration.identity = identity(ofWorker: number)
        configuration.pausedSubtopologies = { [paused] in paused.numbers.withLock { $0 } }
        setting.plantedFault?.changeSettings(&configuration)
        return configuration
    }

    private func ports(ofWorker number: Int, _ process: SimulatedProcess, _ admin: SimulatedAdmin) -> WorkerPorts {
        let (world, setting) = (world, setting)
        let isExactlyOnce = setting.guarantee == .exactlyOnce
        var consumer = SimulatedConsumer.Settings(
            groupID: setting.applicationID, clientID: identity(ofWorker: number).clientID(address: address),
            instanceID: setting.isStatic ? "\(name)-\(number)" : nil,
            readsCommitted: isExactlyOnce)
        var restore = consumer
        restore.readsCommitted = true
        let restoreSettings = restore
        setting.plantedFault?.changeConsumer(&consumer)
        let transactionalID = isExactlyOnce ? "\(setting.applicationID)-\(name)-\(number)" : nil
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
    private func faulty(_ ports: WorkerPorts, ofWorker number: Int) -> WorkerPorts {
        var ports = ports
        let worker = FaultyWorker(
            openTasks: { [weak self] in self?.workersByNumber[number]?.openTasks ?? [] },
            isBeingRemoved: { [weak self] in self?.removedWorker == number })
        setting.plantedFault?.wrapPorts(&ports, worker)
        return ports
    }

    private func identity(ofWorker number: Int) -> WorkerIdentity {
        WorkerIdentity(
            name: GroupMember.name(instance: "\(setting.applicationID)-\(name)", worker: number),
            topology: setting.topology,
            startedMs: startedMs)
    }

    private func stores(_ process: SimulatedProcess) -> SimulatedStores {
        SimulatedStores(
            directory: directory, indexes: indexDisk, world: world, process: process,
            applicationID: setting.applicationID)
    }

    static var silent: Logger { Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() } }
}

/// The sub-topologies that are paused on an instance.
private final class PausedSubtopologies: Sendable {
    let numbers = Mutex<Set<Int>>([])

    var present: Set<Int> { numbers.withLock { $0 } }
}

/// The work that a task has done, as far as it shows from outside.
private struct Work {
    private let nextOffsets: [TopicPartition: Int64]
    private let nextPunctuation: Moment?
    private let isStarted: Bool

    init(of task: StreamTask) {
        var nextOffsets: [TopicPartition: Int64] = [:]
        for partition in task.partitions { nextOffsets[partition] = task.nextOffset(of: partition) }
        self.nextOffsets = nextOffsets
        nextPunctuation = task.nextWallClockPunctuation
        isStarted = !task.isToBeStarted
    }

    /// Returns what the task has done meanwhile; `nil` if nothing. It may pass the marks of transactions, which are no records.
    func problem(
        after later: Work, hasRecords: (_ partition: TopicPartition, _ offsets: Range<Int64>) -> Bool
    ) -> String? {
        if later.isStarted != isStarted { return "has started its operators" }
        if later.nextPunctuation != nextPunctuation { return "has run a punctuation" }
        let advanced = nextOffsets.first { partition, offset in
            later.nextOffsets[partition].map { $0 > offset && hasRecords(partition, offset..<$0) } ?? false
        }
        return advanced.map { "has processed records of \($0.key)" }
    }
}
