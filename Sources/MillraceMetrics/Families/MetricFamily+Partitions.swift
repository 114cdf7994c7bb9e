import Millrace
import MillraceRuntime

extension MetricFamily {
    /// The families of the partitions that are read. They disappear when their task moves away.
    static let ofPartitions: [MetricFamily] = [
        ofPartition(
            "partition_lag_records", "Records of the partition that are not processed yet.",
            kafka: "consumer-fetch-manager-metrics: records-lag"
        ) { $0.lag.map { .integer(Int(clamping: $0)) } },
        ofPartition(
            "partition_lag_seconds",
            "Age of the record that has waited longest, by its timestamp; 0 if no record waits.", unit: .seconds
        ) { $0.lagTime.map { .seconds($0) } },
        ofPartition(
            "partition_paused",
            "Whether fetching is paused: enough records wait, stores are being restored, or the task is paused. 1 or 0."
        ) { .flag($0.isPaused) },
        ofPartition(
            "partition_buffered_records", "Fetched records that wait to be processed.",
            kafka: "stream-task-metrics: active-buffer-count"
        ) { .integer($0.bufferedRecords) },
        ofPartition(
            "partition_buffered_bytes", "Size of the fetched records that wait to be processed.",
            kafka: "stream-thread-metrics: input-buffer-bytes-total", unit: .bytes
        ) { .integer($0.bufferedSizeInBytes) },
    ]

    private static func ofPartition(
        _ name: String, _ help: String, kafka: String? = nil, unit: MetricDescription.Unit? = nil,
        _ read: @escaping @Sendable (PartitionMetrics) -> MetricValue?
    ) -> MetricFamily {
        MetricFamily(
            name, .gauge, help, labels: ["thread", "task", "topic", "partition"], kafka: kafka, unit: unit
        ) { snapshot in
            snapshot.metrics.partitions.compactMap { partition in
                guard let value = read(partition) else { return nil }
                return MetricSample(
                    [
                        "\(partition.thread)", partition.task, partition.partition.topic,
                        "\(partition.partition.partition)",
                    ], value)
            }
        }
    }
}
