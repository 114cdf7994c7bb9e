import Millrace
import MillraceConnectRuntime
import MillraceVectors

@testable import MillraceMetrics
@testable import MillraceRuntime

/// Metrics with a value for every family.
enum SampleMetrics {
    static func snapshot(tasks: [String] = ["0_0", "0_1"]) -> MetricsSnapshot {
        var metrics = StreamsMetrics()
        metrics.applicationID = "risk"
        metrics.clientID = "risk-one"
        metrics.state = .running
        metrics.tasks = tasks
        metrics.processedRecords = 100
        metrics.droppedRecords = [.expired: 2]
        metrics.failedThreads = 1
        var latency = LatencyHistogram()
        for ms: Int64 in [0, 3, 70, 70_000] { latency.add(ms: ms) }
        var thread = ThreadMetrics(id: 0)
        thread.state = .running
        thread.commitLatency = latency
        thread.rebalanceLatency = latency
        thread.timeSincePoll = .milliseconds(20)
        thread.activityTimes = [.poll: .seconds(3), .process: .milliseconds(1_500)]
        thread.activityCounts = [.poll: 30, .process: 12]
        metrics.threads = [thread]
        for (number, id) in tasks.enumerated() {
            var task = TaskMetrics()
            task.processedRecords = 10 * (number + 1)
            task.droppedByOperator = ["window": [.expired: 1]]
            task.deadLetteredByOperator = ["parse": [.deserialization: 1]]
            task.endToEndLatency = latency
            task.lateness = latency
            task.recordsByOperator = ["window": 12]
            task.storeOperations = ["scores": [.get: StoreOperationMetrics(count: 160, time: .milliseconds(2))]]
            metrics.byTask[id] = task
            metrics.partitions.append(
                PartitionMetrics(
                    partition: TopicPartition(topic: "events", partition: Int32(number)), task: id, thread: 0, lag: 7,
                    lagTime: .seconds(2), isPaused: false, bufferedRecords: 3, bufferedSizeInBytes: 300))
            metrics.storeProgress.append(
                StoreProgress(store: "scores", task: id, isStandby: false, missingRecords: 5))
        }
        metrics.storeProgress.append(StoreProgress(store: "scores", task: "0_9", isStandby: true, missingRecords: 4))
        var partition = StoreDescription.Partition(id: 0, location: .here, owner: nil, standbys: [])
        partition.approximateEntryCount = 12
        partition.approximateSizeInBytes = 1_200
        partition.indexFigures = ["similar": index]
        return MetricsSnapshot(
            metrics: metrics, state: state(tasks), stores: [store(partition)], process: .read(),
            caches: [cache(latency)], connectors: [connector], connectorDifferences: 2)
    }

    private static var index: StoreIndexFigures {
        var figures = StoreIndexFigures()
        figures.entryCount = 12
        figures.recall = 0.97
        return figures
    }

    private static var connector: ConnectorStatus {
        var connector = ConnectorStatus(name: "orders", type: "file-source", isSource: true, state: .running)
        connector.lag = 12
        var task = ConnectorTaskStatus(name: "customers")
        task.records = 100
        task.lastRecordMs = 1_700_000_000_123
        task.lastLossMs = 1_700_000_000_000
        (task.unread, task.trimMargin) = (40, 9)
        connector.tasks = [task]
        return connector
    }

    private static func cache(_ latency: LatencyHistogram) -> CacheFigures {
        var measures = EmbeddingCacheMeasures()
        measures.hits = 80
        measures.misses = 20
        measures.loadLatency = latency
        measures.namespaces = ["tenant": .init()]
        return CacheFigures(name: "cases", measures: measures)
    }

    private static func store(_ partition: StoreDescription.Partition) -> StoreDescription {
        let builder = StreamsBuilder()
        builder.stream("events", key: .string, value: .string).groupByKey().count(into: .store("scores"))
        let configuration = StreamsConfiguration(
            applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk")
        guard let topology = try? builder.build(),
            var store = StreamsApplication(topology, configuration: configuration).stores.first
        else { preconditionFailure("the topology has a store") }
        store.partitions = [partition]
        return store
    }

    private static func state(_ tasks: [String]) -> StateMetrics {
        StateMetrics(
            databases: tasks.map {
                StateMetrics.Database(
                    store: "scores", task: $0, entries: 10, liveDataSizeInBytes: 1_000, fileSizeInBytes: 2_000,
                    memtableSizeInBytes: 300, immutableMemtables: 1, tableReaderSizeInBytes: 50,
                    pendingCompactionSizeInBytes: 0, runningCompactions: 0, runningFlushes: 0, backgroundErrors: 0)
            }, blockCacheCapacityInBytes: 1 << 20, blockCacheUsageInBytes: 1 << 10,
            writeBufferCapacityInBytes: 1 << 19, writeBufferUsageInBytes: 1 << 9,
            accesses: StateMetrics.Accesses(
                blockCacheHits: 80, blockCacheMisses: 20, memtableHits: 3, memtableMisses: 4,
                writeStallTime: .milliseconds(5), compactionReadBytes: 100, compactionWrittenBytes: 90,
                flushedBytes: 80))
    }
}
