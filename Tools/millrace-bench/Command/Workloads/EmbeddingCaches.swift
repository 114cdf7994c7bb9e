import ArgumentParser
import MillraceVectors
import VectorBench

/// The cache of embeddings in process: hits, misses, many tenants, searches.
struct EmbeddingCaches: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedding-cache",
        abstract: "A cache of embeddings in memory: hits, misses, evictions among many tenants, searches.",
        discussion: """
            The source is in the same process and answers at once. 100,000 embeddings of 384 components are in memory, those of \
            tenants have two. --only measures one of hits, misses, tenants, search.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "The embeddings in memory.")
    var entries = 100_000

    func validate() throws {
        guard entries > 0 else { throw ValidationError("--entries has to be at least 1") }
    }

    func run() async throws {
        var report = Report()
        let speed = CacheSpeed(entries: entries, operations: options.events)
        for policy in EmbeddingEvictionPolicy.allCases {
            if options.wants("hits") { try await hits(speed, policy, &report) }
            if options.wants("misses") {
                for callers in [1, 64] {
                    try await measure("a miss, \(callers) asking, \(policy.rawValue)", &report) {
                        try await speed.misses(policy, callers: callers)
                    }
                }
            }
            if options.wants("tenants") {
                for tenants in [10, 1_000, 10_000] {
                    try await measure("a miss that evicts, \(tenants) tenants, \(policy.rawValue)", &report) {
                        speed.evictions(policy, tenants: tenants)
                    }
                }
            }
        }
        if options.wants("search") {
            let cache = try await speed.warmCache(.leastFrequentlyUsed, isSearched: true)
            try await measure("a search for the nearest 10", &report) { try await speed.searches(cache, count: 200) }
        }
        try report.print(asJSON: options.json)
    }

    private func hits(_ speed: CacheSpeed, _ policy: EmbeddingEvictionPolicy, _ report: inout Report) async throws {
        let cache = try await speed.warmCache(policy)
        for threads in [1, 2, 8] {
            try await measure("a hit, \(threads) reading, \(policy.rawValue)", &report) {
                try await speed.hits(cache, threads: threads)
            }
        }
    }

    private func measure(
        _ variant: String, _ report: inout Report, _ body: () async throws -> CacheSpeed.Figures
    ) async throws {
        var samples: [Sample] = []
        for _ in 0..<options.repetitions {
            let figures = try await body()
            let percentiles = ["p50 µs": figures.p50Microseconds, "p99 µs": figures.p99Microseconds]
            samples.append(
                Sample(
                    records: figures.count, seconds: figures.seconds, cpuSeconds: figures.cpuSeconds,
                    others: percentiles.merging(figures.others) { $1 }))
        }
        report.add("embedding-cache", variant, [("millrace", samples)])
    }
}
