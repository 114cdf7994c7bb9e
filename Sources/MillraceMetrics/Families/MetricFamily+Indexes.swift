import Millrace
import MillraceRuntime

extension MetricFamily {
    /// The families of the indexes of stores.
    static let ofIndexes: [MetricFamily] = [
        ofIndex("index_entries", .gauge, "Entries of a partition of an index.") { .integer($0.entryCount) },
        ofIndex("index_segments", .gauge, "Segments of a partition of an index.") { .integer($0.segmentCount) },
        ofIndex(
            "index_dead_rows", .gauge,
            "Rows in segments whose entries have changed or are deleted. Merging removes them."
        ) { .integer($0.deadCount) },
        ofIndex(
            "index_tail_entries", .gauge, "Entries that are in no segment yet, and are compared one by one."
        ) { .integer($0.tailCount) },
        ofIndex("index_size_bytes", .gauge, "Size of the segments of a partition of an index.", unit: .bytes) {
            .integer($0.sizeInBytes)
        },
        ofIndex(
            "index_recall_ratio", .gauge,
            "Share of the truly nearest entries that searches have found lately, sampled by exact searches; from 0 to 1."
        ) { $0.recall.map(MetricValue.real) },
        ofIndex(
            "index_complete", .gauge,
            "Whether the index has all entries of its store: 0 while it is made anew, and if it was closed after an error."
        ) { .flag($0.isComplete) },
        ofIndex(
            "index_rebuilt_entries", .gauge,
            "Entries of the store that were read so far, while an index is made anew; 0 for one that is complete."
        ) { .integer($0.rebuiltCount ?? 0) },
        ofIndex(
            "index_files_writable", .gauge,
            "Whether the files of an index can be written: 0 while it goes on in memory, such as on a full disk."
        ) { .flag($0.fileProblem == nil) },
        ofIndex(
            "index_search_latency_seconds", .histogram, "Times of searches of a partition of an index.", unit: .seconds
        ) { .histogram($0.searchLatency) },
    ]

    private static func ofIndex(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, unit: MetricDescription.Unit? = nil,
        _ read: @escaping @Sendable (StoreIndexFigures) -> MetricValue?
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["store", "index", "partition"], unit: unit) { snapshot in
            snapshot.stores.flatMap { store in
                store.partitions.flatMap { partition in
                    partition.indexFigures.sorted { $0.key < $1.key }.compactMap { index, figures in
                        read(figures).map { MetricSample([store.name, index, "\(partition.id)"], $0) }
                    }
                }
            }
        }
    }
}
