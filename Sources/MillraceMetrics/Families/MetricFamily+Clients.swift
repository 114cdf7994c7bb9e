import Millrace
import MillraceRuntime

extension MetricFamily {
    /// The families of an instance as a whole. Totals stay when tasks move away.
    static let ofClients: [MetricFamily] = [
        MetricFamily(
            "client_state", .gauge, "Whether the instance is in this state: 1 or 0.", labels: ["application", "state"],
            kafka: "stream-metrics: client-state"
        ) { snapshot in
            let states: [ApplicationState] = [
                .created, .rebalancing, .running, .pendingShutdown, .notRunning, .pendingError, .error,
            ]
            return states.map { state in
                MetricSample(
                    [snapshot.metrics.applicationID, state.rawValue], .flag(state == snapshot.metrics.state))
            }
        },
        MetricFamily(
            "threads_alive", .gauge, "Worker threads that are alive.", labels: [],
            kafka: "stream-metrics: alive-stream-threads"
        ) { [MetricSample([], .integer($0.metrics.threads.count))] },
        MetricFamily(
            "threads_failed_total", .counter, "Worker threads that have ended with an error.", labels: [],
            kafka: "stream-metrics: failed-stream-threads"
        ) { [MetricSample([], .integer($0.metrics.failedThreads))] },
        MetricFamily(
            "tasks", .gauge, "Tasks of the instance: those that it runs, and those of which it keeps standbys.",
            labels: ["role"]
        ) { snapshot in
            [
                MetricSample(["active"], .integer(snapshot.metrics.tasks.count)),
                MetricSample(["standby"], .integer(snapshot.metrics.standbyTasks.count)),
            ]
        },
        MetricFamily(
            "troubles", .gauge, "Problems that are being retried, such as a broker that does not answer.", labels: []
        ) { [MetricSample([], .integer($0.metrics.troubles.count))] },
        MetricFamily(
            "processed_records_total", .counter, "Records processed by all tasks since the start.", labels: [],
            kafka: "stream-thread-metrics: process-total"
        ) { [MetricSample([], .integer($0.metrics.processedRecords))] },
        MetricFamily(
            "dropped_records_total", .counter, "Records dropped by all tasks since the start.", labels: ["reason"],
            kafka: "stream-task-metrics: dropped-records-total"
        ) { snapshot in
            snapshot.metrics.droppedRecords.map { MetricSample([$0.rawValue], .integer($1)) }
        },
        MetricFamily(
            "dead_lettered_records_total", .counter,
            "Records of all tasks that were written to a dead-letter topic since the start.", labels: []
        ) { [MetricSample([], .integer($0.metrics.deadLetteredRecords))] },
        MetricFamily(
            "restored_records_total", .counter, "Records read from changelogs to restore stores since the start.",
            labels: [], kafka: "stream-state-updater-metrics: restore-records-total"
        ) { [MetricSample([], .integer($0.metrics.restoredRecords))] },
        MetricFamily(
            "standby_records_total", .counter, "Records read from changelogs to keep standbys up to date.",
            labels: [], kafka: "stream-task-metrics: update-total"
        ) { [MetricSample([], .integer($0.metrics.standbyRecords))] },
        MetricFamily(
            "lag_records", .gauge, "Records that wait in all input partitions of the instance, as far as is known.",
            labels: []
        ) { [MetricSample([], .integer(Int(clamping: $0.metrics.lag)))] },
    ]
}
