import Millrace
import MillraceRuntime

extension MetricFamily {
    /// The families of tasks. They count from the task's opening, and disappear when it moves away.
    static let ofTasks: [MetricFamily] = [
        ofTask(
            "task_processed_records_total", .counter, "Records processed by the task.",
            kafka: "stream-task-metrics: process-total"
        ) { [MetricSample([], .integer($0.processedRecords))] },
        ofTask(
            "operator_records_total", .counter,
            "Records that an operator of the task has got; a source counts what it hands on.", labels: ["operator"],
            kafka: "stream-processor-node-metrics: process-total"
        ) { task in task.recordsByOperator.map { MetricSample([$0], .integer($1)) } },
        ofTask(
            "task_paused", .gauge, "Whether the task was paused by a request, so that it processes nothing: 1 or 0."
        ) { [MetricSample([], .flag($0.isPaused))] },
        ofTask(
            "task_dropped_records_total", .counter, "Records that an operator of the task has dropped.",
            labels: ["operator", "reason"], kafka: "stream-task-metrics: dropped-records-total"
        ) { samples(of: $0.droppedByOperator) },
        ofTask(
            "task_dead_lettered_records_total", .counter,
            "Records that were written to a dead-letter topic because an operator of the task failed.",
            labels: ["operator", "reason"]
        ) { samples(of: $0.deadLetteredByOperator) },
        ofTask(
            "task_restored_records_total", .counter, "Records read from changelogs to restore the task's stores.",
            kafka: "stream-task-metrics: restore-total"
        ) { [MetricSample([], .integer($0.restoredRecords))] },
        ofTask(
            "task_standby_records_total", .counter,
            "Records read from changelogs to keep the task's standby up to date.",
            kafka: "stream-task-metrics: update-total"
        ) { [MetricSample([], .integer($0.standbyRecords))] },
        ofTask(
            "end_to_end_latency_seconds", .histogram,
            "Ages of records, by their timestamps, when the task had processed them.",
            kafka: "stream-processor-node-metrics: record-e2e-latency-avg, -min, -max", unit: .seconds
        ) { $0.endToEndLatency.count == 0 ? [] : [MetricSample([], .histogram($0.endToEndLatency))] },
        ofTask(
            "record_lateness_seconds", .histogram,
            "Times by which records were behind the highest timestamp that the task had seen; 0 for one in order.",
            kafka: "stream-task-metrics: record-lateness-avg, record-lateness-max", unit: .seconds
        ) { $0.lateness.count == 0 ? [] : [MetricSample([], .histogram($0.lateness))] },
    ]

    /// The families of what the engines of a task's stores are asked.
    static let ofStoreOperations: [MetricFamily] = [
        ofTask(
            "store_operations_total", .counter, "Calls of the store's engine: what its memory answers is none.",
            labels: ["store", "operation"],
            kafka: "stream-state-metrics: get-rate, range-rate, put-all-rate, flush-rate"
        ) { task in samples(of: task) { .integer($0.count) } },
        ofTask(
            "store_operation_seconds_total", .counter,
            "Time of the calls of the store's engine; one in 16 look-ups is timed and counts for all 16.",
            labels: ["store", "operation"],
            kafka: "stream-state-metrics: get-latency-avg, range-latency-avg, put-all-latency-avg, flush-latency-avg",
            unit: .seconds
        ) { task in samples(of: task) { .seconds($0.time) } },
    ]

    private static func samples(
        of task: TaskMetrics, _ read: (StoreOperationMetrics) -> MetricValue
    ) -> [MetricSample] {
        task.storeOperations.flatMap { store, operations in
            operations.map { MetricSample([store, $0.rawValue], read($1)) }
        }
    }

    private static func samples(of counts: [String: [DropReason: Int]]) -> [MetricSample] {
        counts.flatMap { node, reasons in
            reasons.map { MetricSample([node, $0.rawValue], .integer($1)) }
        }
    }

    private static func ofTask(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, labels: [String] = [], kafka: String? = nil,
        unit: MetricDescription.Unit? = nil, _ read: @escaping @Sendable (TaskMetrics) -> [MetricSample]
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["thread", "task"] + labels, kafka: kafka, unit: unit) { snapshot in
            snapshot.metrics.byTask.flatMap { id, task in
                read(task).map { MetricSample(["\(task.thread)", id] + $0.labels, $0.value) }
            }
        }
    }
}
