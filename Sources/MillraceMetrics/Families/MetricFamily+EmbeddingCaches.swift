import MillraceVectors

extension MetricFamily {
    /// The families of caches of embeddings, which an ``EmbeddingCacheMetricsReporter`` reports.
    static let ofEmbeddingCaches: [MetricFamily] = [
        ofCache("embedding_cache_hits_total", .counter, "Requests answered from memory, remembered absences included.")
        {
            $0.hits
        },
        ofCache("embedding_cache_misses_total", .counter, "Requests that had to wait for the source.") { $0.misses },
        ofCache("embedding_cache_loads_total", .counter, "Keys that were loaded, by outcome.", label: "result") {
            [("found", $0.foundKeys), ("absent", $0.absentKeys), ("failed", $0.failedKeys)]
        },
        ofCache(
            "embedding_cache_load_failures_total", .counter, "Loads that failed, whose keys are loaded again."
        ) { $0.failedLoads },
        ofCache(
            "embedding_cache_source_failures", .gauge, "Loads that have failed since the source last answered."
        ) { $0.failuresInARow },
        MetricFamily(
            "embedding_cache_load_latency_seconds", .histogram,
            "Times of loads, from the call of the source to its answer.", labels: ["cache"], unit: .seconds
        ) { snapshot in
            snapshot.caches.map { MetricSample([$0.name], .histogram($0.measures.loadLatency)) }
        },
        ofCache("embedding_cache_running_loads", .gauge, "Loads that run.") { $0.runningLoads },
        ofCache("embedding_cache_waiting_keys", .gauge, "Keys that wait to be loaded, by why.", label: "cause") {
            [("request", $0.waitingKeys), ("announcement", $0.waitingAnnouncements)]
        },
        ofCache(
            "embedding_cache_evictions_total", .counter, "Entries that left the cache, by reason.", label: "reason"
        ) { measures in
            EmbeddingEvictionReason.allCases.map { ($0.rawValue, measures.evictions[$0] ?? 0) }
        },
        ofCache(
            "embedding_cache_bytes", .gauge, "Size of the entries of a namespace.", label: "namespace", unit: .bytes
        ) { measures in measures.namespaces.sorted { $0.key < $1.key }.map { ($0.key, $0.value.bytes) } },
        ofCache(
            "embedding_cache_entries", .gauge, "Entries of a namespace, remembered absences included.",
            label: "namespace"
        ) { measures in measures.namespaces.sorted { $0.key < $1.key }.map { ($0.key, $0.value.entries) } },
        ofCache(
            "embedding_cache_capacity_bytes", .gauge, "Most bytes that the entries may take.", unit: .bytes
        ) { $0.capacityInBytes },
        ofCache(
            "embedding_cache_announcements_total", .counter,
            "Announcements: published ones, and those of others by what became of them.", label: "result"
        ) {
            [
                ("published", $0.publishedAnnouncements), ("loaded", $0.loadedAnnouncements),
                ("known", $0.knownAnnouncements), ("dropped", $0.droppedAnnouncements),
                ("forgotten", $0.forgottenAnnouncements),
            ]
        },
    ]

    private static func ofCache(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, unit: MetricDescription.Unit? = nil,
        _ read: @escaping @Sendable (EmbeddingCacheMeasures) -> Int
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["cache"], unit: unit) { snapshot in
            snapshot.caches.map { MetricSample([$0.name], .integer(read($0.measures))) }
        }
    }

    private static func ofCache(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, label: String,
        unit: MetricDescription.Unit? = nil,
        _ read: @escaping @Sendable (EmbeddingCacheMeasures) -> [(String, Int)]
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["cache", label], unit: unit) { snapshot in
            snapshot.caches.flatMap { cache in
                read(cache.measures).map { MetricSample([cache.name, $0.0], .integer($0.1)) }
            }
        }
    }
}

/// The figures of a cache and its name.
struct CacheFigures: Sendable {
    var name: String
    var measures: EmbeddingCacheMeasures
}
