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
    ]

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
