import FoundationEssentials
import KafkaClient
import Logging
import Millrace
import MillraceEngine
import Tracing

/// Makes an application's workers. It holds what they share: the topics, the state directory, the admin client.
final class WorkerFactory: Sendable {
    private let topology: Topology
    private let configuration: StreamsConfiguration
    private let logger: Logger
    private let plan: TopicPlan
    private let directory: StateDirectory
    private let admin: KafkaAdminPort
    private let clock = SystemClock()
    private let stateCache: StateCacheBudget
    private let pause: PauseSetting
    /// The id that tells this instance from others: its configured name, or an id that it keeps in its state directory.
    private let instance: String
    private let startedMs: Int64

    /// Locks the state directory, and makes sure that a broker answers and that all topics exist with the partitions and settings
    /// that they need.
    init(topology: Topology, configuration: StreamsConfiguration, pause: PauseSetting, logger: Logger) throws {
        self.topology = topology
        self.pause = pause
        stateCache = StateCacheBudget(
            sizeInBytes: configuration.stateCacheSizeInBytes, workerCount: configuration.threads)
        self.configuration = configuration
        self.logger = logger
        var options = RocksDBStoreOptions()
        options.recordsStatistics = configuration.recordsStateStatistics
        directory = try StateDirectory(
            configuration.stateDirectory, applicationID: configuration.applicationID, options: options, logger: logger)
        startedMs = clock.wallClockMs()
        instance = configuration.instanceID ?? directory.processID.uuidString.lowercased()
        do {
            admin = try KafkaAdminPort(
                configuration.adminSettings(clientID: "\(configuration.applicationID)-\(instance)-admin"),
                timeoutMs: Int32(clamping: configuration.connectTimeout.milliseconds), log: Self.log(to: logger))
            try admin.checkConnection()
            plan = try InternalTopics.prepare(
                topology, applicationID: configuration.applicationID,
                replicationFactor: configuration.replicationFactor,
                deadLetterTopics: configuration.errorHandlers.deadLetterTopics, admin: admin)
        } catch let error as PortError {
            directory.close()
            let servers = configuration.bootstrapServers.joined(separator: ",")
            throw StreamsError(.broker, "while starting with the brokers at \(servers): \(error)", underlying: nil)
        } catch {
            directory.close()
            throw error
        }
    }

    /// Releases the state directory. Call it when all workers have ended.
    func close() { directory.close() }

    /// Divides the memory for state among this number of workers.
    func divideStateCache(among workerCount: Int) { stateCache.divide(among: workerCount) }

    /// The name of this instance; the prefix of its clients' names.
    var clientID: String { "\(configuration.applicationID)-\(instance)" }

    /// The metrics of the open databases.
    var stateMetrics: StateMetrics { directory.metrics }

    /// Deletes the state of tasks that this instance has not used for longer than the configuration's delay.
    func removeObsoleteState() { directory.removeObsolete(olderThan: configuration.stateCleanupDelay, keeping: []) }

    /// The partitions that each task reads.
    var inputs: [TaskID: [Millrace.TopicPartition]] { plan.inputs }

    /// Whether the topology has tables that every instance reads in full.
    var hasGlobalTables: Bool { topology.subtopologies.contains(where: \.isGlobal) }

    /// Opens the global tables with a separate client. Call it on their thread.
    func makeGlobalTables(localStores: LocalStores) throws -> GlobalTables {
        let storeCount = max(1, topology.subtopologies.filter(\.isGlobal).flatMap(\.stores).count)
        var settings = GlobalTableConfiguration(
            task: TaskConfiguration(
                applicationID: configuration.applicationID, handlers: configuration.errorHandlers,
                maxStoreBufferSizeInBytes: max(1 << 20, configuration.stateCacheSizeInBytes / 4 / storeCount),
                maxCacheSizeInBytes: 0))
        settings.checkpointIntervalMs = configuration.checkpointInterval.milliseconds
        settings.topicCheckIntervalMs = max(1, configuration.metadataMaxAge.milliseconds)
        settings.waitsForTopics = configuration.missingSourceTopics == .wait
        var logger = logger
        logger[metadataKey: "worker"] = "global"
        let consumer = try KafkaConsumerPort(
            configuration.globalSettings(clientID: "\(configuration.applicationID)-\(instance)-global"),
            role: .restorer, timeoutMs: Int32(clamping: configuration.connectTimeout.milliseconds), clock: clock,
            log: Self.log(to: logger))
        var ports = GlobalTablePorts(
            consumer: consumer, provider: directory, clock: clock, lock: MutexStoreLock(), admin: admin)
        ports.localStores = localStores
        return try GlobalTables(
            topology: topology, partitions: plan.globalPartitions, configuration: settings, ports: ports,
            logger: logger)
    }

    /// Makes a worker with separate clients. Call it on the worker's thread.
    func makeWorker(
        _ number: Int, globalStores: [String: GlobalStore], localStores: LocalStores,
        isWatched: @escaping @Sendable () -> Bool
    ) throws -> Worker {
        let clientID = GroupMember.name(instance: "\(configuration.applicationID)-\(instance)", worker: number)
        let identity = WorkerIdentity(name: clientID, topology: topology, startedMs: startedMs)
        var logger = logger
        logger[metadataKey: "worker"] = "\(number)"
        let log = Self.log(to: logger)
        let timeoutMs = Int32(clamping: configuration.connectTimeout.milliseconds)
        let restoreSettings = configuration.restoreSettings(clientID: clientID)
        let standbySettings = configuration.standbySettings(clientID: clientID)
        let producerSettings = configuration.producerSettings(clientID: clientID, transactionalID: clientID)
        var ports = WorkerPorts(
            consumer: try KafkaConsumerPort(
                configuration.consumerSettings(
                    clientID: identity.clientID(
                        address: configuration.applicationServer.flatMap { InstanceAddress($0) }),
                    worker: number), role: .member,
                timeoutMs: timeoutMs, clock: clock, log: log),
            makeRestoreConsumer: { [clock] in
                try KafkaConsumerPort(restoreSettings, role: .restorer, timeoutMs: timeoutMs, clock: clock, log: log)
            },
            makeProducer: { [clock, configuration] in
                try KafkaProducerPort(
                    producerSettings, metadataMaxAge: TimeSpan(configuration.metadataMaxAge), clock: clock,
                    log: log)
            },
            admin: admin, provider: directory, clock: clock, globalStores: globalStores,
            localStores: localStores)
        ports.makeStandbyConsumer = { [clock] in
            // The standbys' calls must not delay the active tasks.
            try KafkaConsumerPort(
                standbySettings, role: .restorer, timeoutMs: min(timeoutMs, 500), clock: clock, log: log)
        }
        ports.trace = tracePort(
            configuration.tracer ?? InstrumentationSystem.tracer, group: configuration.applicationID,
            clientID: clientID, sampleRatio: configuration.traceSampleRatio)
        var settings = WorkerConfiguration(
            applicationID: configuration.applicationID, guarantee: configuration.guarantee,
            handlers: configuration.errorHandlers, commitIntervalMs: configuration.commitIntervalMs,
            stateCacheSizeInBytes: { [stateCache] in stateCache.shareInBytes })
        settings.pausedSubtopologies = { [pause] in pause.paused }
        settings.topicCheckIntervalMs = max(1, configuration.metadataMaxAge.milliseconds)
        settings.identity = identity
        settings.isWatched = isWatched
        settings.waitsForTopics = configuration.missingSourceTopics == .wait
        settings.replicationFactor = configuration.replicationFactor
        settings.standbyReplicas = configuration.standbyReplicas
        settings.standbyListener = configuration.standbyListener
        settings.offsetReset = configuration.defaultOffsetReset
        settings.checkpointIntervalMs = configuration.checkpointInterval.milliseconds
        settings.restoreListener = configuration.restoreListener
        settings.maxBufferedRecordsPerPartition = configuration.maxBufferedRecordsPerPartition
        settings.maxBufferedSizeInBytesPerPartition = configuration.maxBufferedSizeInBytesPerPartition
        return Worker(topology: topology, plan: plan, configuration: settings, ports: ports, logger: logger)
    }

    /// Returns a handler that passes librdkafka's log on, with syslog's levels translated.
    static func log(to logger: Logger) -> ClientLogHandler {
        { line in
            let level: Logger.Level =
                switch line.level {
                case ...3: .warning
                case 4: .notice
                case 5, 6: .debug
                default: .trace
                }
            logger.log(level: level, "\(line.message)", metadata: ["librdkafka": "\(line.facility)"])
        }
    }
}
