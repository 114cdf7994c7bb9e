import Millrace
import MillraceRuntime

extension MetricFamily {
    /// The families of stores.
    static let ofStores: [MetricFamily] = [
        ofProgress(
            "store_restore_remaining_records", isStandby: false,
            "Records of the changelog that are missing before the store is restored; 0 for one that is complete.",
            kafka: "stream-task-metrics: restore-remaining-records-total"),
        ofProgress(
            "store_standby_lag_records", isStandby: true,
            "Records of the changelog that the standby does not have yet.",
            kafka: "KafkaStreams.allLocalStorePartitionLags"),
        ofSize(
            "store_entries", "Approximate number of entries of a partition of a store that is queried.", unit: nil
        ) { $0.approximateEntryCount },
        ofSize(
            "store_size_bytes", "Approximate size of a partition of a store that is queried.", unit: .bytes
        ) { $0.approximateSizeInBytes },
    ]

    /// The families of the databases of stores on disk.
    static let ofDatabases: [MetricFamily] = [
        ofDatabase(
            "rocksdb_entries", "Approximate number of entries; one that was written twice may count twice.",
            kafka: "estimate-num-keys"
        ) { $0.entries },
        ofDatabase(
            "rocksdb_live_data_bytes", "Size of the entries that are neither superseded nor deleted.",
            kafka: "estimate-live-data-size", unit: .bytes
        ) { $0.liveDataSizeInBytes },
        ofDatabase("rocksdb_files_bytes", "Size of the files.", kafka: "total-sst-files-size", unit: .bytes) {
            $0.fileSizeInBytes
        },
        ofDatabase(
            "rocksdb_memtables_bytes", "Size of the memtables.", kafka: "cur-size-all-mem-tables", unit: .bytes
        ) { $0.memtableSizeInBytes },
        ofDatabase(
            "rocksdb_immutable_memtables", "Memtables that wait to be flushed.", kafka: "num-immutable-mem-table"
        ) { $0.immutableMemtables },
        ofDatabase(
            "rocksdb_table_readers_bytes", "Memory of indices and filters outside of the block cache.",
            kafka: "estimate-table-readers-mem", unit: .bytes
        ) { $0.tableReaderSizeInBytes },
        ofDatabase(
            "rocksdb_pending_compaction_bytes", "Size of what compaction has to rewrite.",
            kafka: "estimate-pending-compaction-bytes", unit: .bytes
        ) { $0.pendingCompactionSizeInBytes },
        ofDatabase("rocksdb_running_compactions", "Compactions that run.", kafka: "num-running-compactions") {
            $0.runningCompactions
        },
        ofDatabase("rocksdb_running_flushes", "Flushes that run.", kafka: "num-running-flushes") {
            $0.runningFlushes
        },
        ofDatabase(
            "rocksdb_background_errors_total", "Errors of flushes and compactions since the opening.",
            kafka: "background-errors", kind: .counter
        ) { $0.backgroundErrors },
    ]

    private static func ofProgress(
        _ name: String, isStandby: Bool, _ help: String, kafka: String
    ) -> MetricFamily {
        MetricFamily(name, .gauge, help, labels: ["task", "store"], kafka: kafka) { snapshot in
            snapshot.metrics.storeProgress.filter { $0.isStandby == isStandby }.map {
                MetricSample([$0.task, $0.store], .integer(Int(clamping: $0.missingRecords)))
            }
        }
    }

    private static func ofSize(
        _ name: String, _ help: String, unit: MetricDescription.Unit?,
        _ read: @escaping @Sendable (StoreDescription.Partition) -> Int?
    ) -> MetricFamily {
        MetricFamily(name, .gauge, help, labels: ["store", "partition"], unit: unit) { snapshot in
            snapshot.stores.flatMap { store in
                store.partitions.compactMap { partition in
                    read(partition).map { MetricSample([store.name, "\(partition.id)"], .integer($0)) }
                }
            }
        }
    }

    private static func ofDatabase(
        _ name: String, _ help: String, kafka: String, unit: MetricDescription.Unit? = nil,
        kind: MetricDescription.Kind = .gauge, _ read: @escaping @Sendable (StateMetrics.Database) -> Int
    ) -> MetricFamily {
        MetricFamily(
            name, kind, help, labels: ["task", "store"], kafka: "stream-state-metrics: \(kafka)", unit: unit
        ) { snapshot in
            snapshot.state?.databases.map { MetricSample([$0.task, $0.store], .integer(read($0))) } ?? []
        }
    }
}
