import ArgumentParser
import Foundation
import VectorBench

/// Indexes of vectors beside hnswlib, pgvector and RediSearch.
struct Vectors: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Searches by similarity: recall and cost beside other indexes, filters, updates, opening, growth, freshness.",
        discussion: """
            The peers are on this machine (Tools/vector-peers/install). All subjects search on one thread and take turns at every \
            effort, with the same links and the same effort of building. CPU of a server is the server's; its client's is \
            in a column of its own. \
            The set of texts is measured if its embeddings are given. --only measures one of small, large, texts, filters, \
            updates, opening, growth, structure, freshness; --results keeps what was measured by earlier runs.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "The folder that Tools/vector-peers/install was given; without it Millrace is measured alone.")
    var peers: String?

    @Option(help: "The folder of the peers' programs.")
    var peerPrograms = "Tools/vector-peers"

    @Option(
        help: "A file of floats, 384 for each vector; beside it, with the same name and .queries, others to search for."
    )
    var embeddings: String?

    @Option(help: "A file of the results: they are read from it, replaced by what is measured, and written to it.")
    var results: String?

    @Option(help: "The folder for charts; none are written without it.")
    var charts: String?

    @Option(help: "The share of the full sizes, to try whether everything works.")
    var scale = 1.0

    func validate() throws {
        guard scale > 0, scale <= 1 else { throw ValidationError("--scale has to be above 0 and at most 1") }
    }

    func run() async throws {
        var report = Report()
        let parent = options.stateDirectory ?? "/dev/shm"
        let folder = "\(parent)/millrace-vectors-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var speed = VectorSpeed(
            peers: peers.map { VectorSpeed.Peers(installed: $0, programs: peerPrograms) },
            texts: embeddings.map { VectorSpeed.Texts(base: $0, queries: "\($0).queries") },
            rounds: options.repetitions, scale: scale, folder: folder, log: Self.log)
        if let results { speed.results = try VectorResults.reading(results) }
        for part in VectorSpeed.Part.allCases where options.wants(part.rawValue) {
            try speed.measure(part)
            if let results { try speed.results.write(to: results) }
        }
        if let charts { _ = try speed.results.writeCharts(to: charts) }
        report.add(speed.results)
        if options.wants("freshness") { try await VectorFreshness(options, scale: scale).measure(into: &report) }
        try report.print(asJSON: options.json)
    }

    private static func log(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

extension Report {
    /// Adds the results of searches by similarity.
    mutating func add(_ results: VectorResults) {
        for part in VectorSpeed.Part.allCases {
            if let compared = results.comparisons[part.rawValue] { add(compared) }
        }
        for filter in results.filters {
            let ratios = zip(filter.cpuMicroseconds, filter.cpuMicrosecondsWithout).map { $1 > 0 ? $0 / $1 : 0 }
            let others = ["recall": filter.recall, "complete": filter.isComplete ? 1 : 0]
            let samples = zip(filter.cpuMicroseconds, ratios).map { cost, ratio in
                Self.sample(cost, others: others.merging(["× without": ratio]) { $1 })
            }
            let variant = "filter by \(filter.kind) that \(filter.passing.grouped) entries pass"
            add("vectors", variant, [("millrace index", samples)])
        }
        if let updates = results.updates {
            let sample = Sample(
                records: updates.searches, seconds: updates.seconds,
                cpuSeconds: updates.cpuMicroseconds * Double(updates.searches) / 1e6,
                others: [
                    "p50 ms": updates.p50Ms, "p99 ms": updates.p99Ms, "p99.9 ms": updates.p999Ms,
                    "p99 CPU ms": updates.p99CPUMs, "updates/s": Double(updates.updates) / updates.seconds,
                    "segments": Double(updates.largestSegmentCount), "recall": updates.recall ?? 0,
                ])
            add("vectors", "updates meanwhile", [("millrace index", [sample])])
        }
        if let opening = results.opening {
            for (name, seconds, searches) in [
                ("opened", opening.seconds, opening.firstSearchMs),
                ("opened from the disk", opening.coldSeconds, opening.coldFirstSearchMs),
            ] {
                let samples = zip(seconds, searches).map { seconds, search in
                    Sample(records: 1, seconds: seconds, cpuSeconds: seconds, others: ["first search ms": search])
                }
                add("vectors", "\(opening.entries.grouped) vectors \(name)", [("millrace index", samples)])
            }
        }
        for (name, growth) in [("", results.growth), ("structured ", results.structuredGrowth)] {
            for (count, cost) in growth?.microseconds(atRecall: 0.95) ?? [] {
                add("vectors", "\(count.grouped) \(name)vectors, recall 0.95", [("millrace", [Self.sample(cost)])])
            }
        }
    }

    private mutating func add(_ compared: VectorResults.Compared) {
        for recall in [0.9, 0.95, 0.99] {
            let subjects = compared.curves.compactMap { curve -> (name: String, samples: [Sample])? in
                guard let cpu = curve.costs(atRecall: recall, \.cpuMicroseconds),
                    let client = curve.costs(atRecall: recall, \.clientMicroseconds)
                else { return nil }
                let samples = zip(cpu, client).map { cpu, client in
                    Self.sample(
                        cpu,
                        others: [
                            "client µs": client, "bytes/vector": Double(curve.sizeInBytes / compared.count),
                            "inserts/CPU s": Double(compared.count) / (curve.buildCPUSeconds ?? .infinity),
                        ])
                }
                return (curve.subject, samples)
            }
            add("vectors", "\(compared.set), recall \(recall)", subjects)
        }
    }

    private static func sample(_ cpuMicroseconds: Double, others: [String: Double]? = nil) -> Sample {
        let seconds = cpuMicroseconds / 1e6
        return Sample(records: 1, seconds: seconds, cpuSeconds: seconds, others: others)
    }
}
