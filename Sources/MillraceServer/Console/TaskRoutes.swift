import Hummingbird
import Millrace
import MillraceRuntime

/// The work of all instances: their threads, tasks and standbys, and how far these are.
struct TaskRoutes: RouteGroup {
    let gather: InstanceGather

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/tasks",
                summary: "Describes the instances: their state, threads, tasks and standbys, lags and restores.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The instances; this one is the first.",
                        content: ["application/json": ConsoleSchema.tasks])
                ],
                answer: { request in
                    await gather.response(to: request, target: "/tasks") { TaskReport(gather.application).members }
                })
        ]
    }
}

/// This instance's report on its work.
private struct TaskReport {
    private let metrics: StreamsMetrics
    private let threads: [ThreadMetadata]
    private let isPaused: Bool
    private let pausedSubtopologies: [Int]
    private let graph: TopologyGraph

    init(_ application: StreamsApplication) {
        metrics = application.metrics
        threads = application.threads
        isPaused = application.isPaused
        pausedSubtopologies = application.pausedSubtopologies
        graph = application.topology.graph
    }

    var members: [(String, String?)] {
        [
            ("paused", "\(isPaused)"),
            ("pausedSubtopologies", JSON.array(pausedSubtopologies.map(\.description))),
            ("processedRecords", "\(metrics.processedRecords)"), ("restoredRecords", "\(metrics.restoredRecords)"),
            ("standbyRecords", "\(metrics.standbyRecords)"), ("lag", "\(metrics.lag)"),
            ("lagMs", lagMs(of: metrics.partitions)), ("failedThreads", "\(metrics.failedThreads)"),
            ("deadLetteredRecords", "\(metrics.deadLetteredRecords)"), ("commits", "\(metrics.commits)"),
            ("averageCommitMs", "\(metrics.averageCommit.nanoseconds / 1_000_000)"),
            ("longestCommitMs", "\(metrics.longestCommit.nanoseconds / 1_000_000)"),
            ("troubles", JSON.array(metrics.troubles.map(JSON.quoted))),
            ("dropped", rows(metrics.droppedRecordsByOperator)),
            ("deadLetters", rows(metrics.deadLetteredRecordsByOperator)),
            ("threads", JSON.array(threads.map(json))), ("tasks", JSON.array(threads.flatMap(tasks))),
        ]
    }

    private func rows(_ counts: [String: [DropReason: Int]]) -> String {
        let rows = counts.flatMap { node, reasons in
            reasons.map { (node: node, reason: $0.key.rawValue, count: $0.value) }
        }
        return JSON.array(
            rows.sorted { ($0.node, $0.reason) < ($1.node, $1.reason) }.map { row in
                JSON.object([
                    ("node", JSON.quoted(row.node)), ("reason", JSON.quoted(row.reason)), ("count", "\(row.count)"),
                ])
            })
    }

    private func json(_ thread: ThreadMetadata) -> String {
        JSON.object([
            ("id", "\(thread.id)"), ("state", JSON.quoted(thread.state.rawValue)), ("lag", "\(thread.lag)"),
            ("tasks", JSON.array(thread.tasks.map(JSON.quoted))),
            ("standbyTasks", JSON.array(thread.standbyTasks.map(JSON.quoted))),
            ("trouble", thread.trouble.map(JSON.quoted)),
        ])
    }

    private func tasks(of thread: ThreadMetadata) -> [String] {
        thread.tasks.map { json($0, of: thread, isStandby: false) }
            + thread.standbyTasks.map { json($0, of: thread, isStandby: true) }
    }

    private func json(_ task: String, of thread: ThreadMetadata, isStandby: Bool) -> String {
        let counts = metrics.byTask[task] ?? TaskMetrics()
        let lags = storeLags(of: task)
        let partitions = metrics.partitions.filter { !isStandby && $0.task == task }
        let isRestoring = !isStandby && lags.contains { $0.lag > 0 }
        let state =
            isStandby
            ? "standby" : isRestoring ? "restoring" : counts.isPaused ? "paused" : thread.state.rawValue
        return JSON.object([
            ("id", JSON.quoted(task)), ("isStandby", "\(isStandby)"), ("thread", "\(thread.id)"),
            ("state", JSON.quoted(state)),
            ("lag", isStandby ? nil : "\(partitions.reduce(0) { $0 + ($1.lag ?? 0) })"),
            ("lagMs", lagMs(of: partitions)),
            ("processedRecords", "\(counts.processedRecords)"),
            ("restoredRecords", "\(counts.restoredRecords)"),
            ("droppedRecords", "\(counts.droppedRecords.values.reduce(0, +))"),
            ("nodes", isStandby ? nil : nodes(of: counts)), ("inputs", TaskInputs(partitions: partitions).json),
            ("stores", JSON.array(lags.map(json))),
        ])
    }

    /// The counts of each node, by its name in the graph.
    private func nodes(of counts: TaskMetrics) -> String {
        JSON.object(
            counts.recordsByOperator.sorted { $0.key < $1.key }.map { name, records in
                let dropped = counts.droppedByOperator[name]?.values.reduce(0, +) ?? 0
                return (name, JSON.object([("records", "\(records)"), ("dropped", "\(dropped)")]))
            })
    }

    private func json(_ lag: StoreLag) -> String {
        JSON.object([
            ("name", JSON.quoted(lag.store)), ("currentOffset", "\(lag.currentOffset)"),
            ("endOffset", "\(lag.endOffset)"), ("missingRecords", "\(lag.lag)"),
        ])
    }

    /// The age of the record that has waited longest in some partitions; `nil` if none is known.
    private func lagMs(of partitions: [PartitionMetrics]) -> String? {
        partitions.compactMap(\.lagTime).max().map { "\($0.nanoseconds / 1_000_000)" }
    }

    /// The progress of a task's stores. A task is known by the sub-topology and the partition in its name.
    private func storeLags(of task: String) -> [StoreLag] {
        let parts = task.split(separator: "_")
        guard parts.count == 2, let subtopology = Int(parts[0]), let partition = Int32(parts[1]) else { return [] }
        let stores = graph.subtopologies.first { $0.id == subtopology }?.storeNames ?? []
        return stores.compactMap { metrics.storeLags[$0]?[partition] }
    }
}
