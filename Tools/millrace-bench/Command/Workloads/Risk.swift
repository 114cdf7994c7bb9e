import ArgumentParser
import RiskScore

/// The reference topology: reads events in JSON and writes the highest score of each account to a store, a changelog and an
/// output.
struct Risk: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The reference topology, drained from a full topic.")

    @OptionGroup var options: BenchOptions

    func run() throws {
        var report = Report()
        try Self.measure(options, into: &report)
        try report.print(asJSON: options.json)
    }

    private struct Variant {
        var isExactlyOnce: Bool
        var isCached: Bool
        var threads: Int

        var name: String {
            (isExactlyOnce ? "exactly once" : "at least once") + (isCached ? ", cached" : "")
                + (threads == 1 ? "" : ", \(threads) threads")
        }
    }

    static func measure(_ options: BenchOptions, into report: inout Report) throws {
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        try cluster.recreate(
            [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts],
            partitions: options.partitions)
        var events = RiskEvents(accounts: options.accounts)
        try events.write(options.events, to: cluster)
        for threads in [1, 2] {
            for isCached in [false, true] {
                for isExactlyOnce in [true, false] {
                    let variant = Variant(isExactlyOnce: isExactlyOnce, isCached: isCached, threads: threads)
                    if !options.wants(variant.name) { continue }
                    try measure(variant, options, events, cluster, &report)
                }
            }
        }
    }

    private static func measure(
        _ variant: Variant, _ options: BenchOptions, _ events: RiskEvents, _ cluster: BenchCluster,
        _ report: inout Report
    ) throws {
        let guarantee = variant.isExactlyOnce ? ["--exactly-once"] : []
        var own: [Sample] = []
        var behind: [Sample] = []
        var plain: [Sample] = []
        for repetition in 0..<options.repetitions {
            let run = try RiskRun(options, cluster)
            own.append(
                try run.sample(
                    ["subject", variant.isCached ? "cachedRisk" : "risk", "--threads", "\(variant.threads)"] + guarantee
                ))
            if repetition == 0 { try events.check(RiskScoreTopology.scores, on: cluster) }
            // The ceilings have neither threads nor caches, so they are compared only with subjects without them.
            if variant.threads == 1, !variant.isCached {
                let run = try RiskRun(options, cluster)
                behind.append(try run.sample(run.ceiling + guarantee + ["--write-behind"]))
                if repetition == 0 { try events.check(RiskScoreTopology.scores, on: cluster) }
                let other = try RiskRun(options, cluster)
                plain.append(try other.sample(other.ceiling + guarantee))
            }
        }
        report.add("risk", variant.name, [("millrace", own), ("write-behind", behind), ("plain", plain)])
    }
}

/// The topics of one run.
struct RiskRun {
    let group: String
    let state: String
    private let options: BenchOptions
    private let cluster: BenchCluster

    init(_ options: BenchOptions, _ cluster: BenchCluster) throws {
        self.options = options
        self.cluster = cluster
        state = cluster.newFolder()
        group = "bench-\(state.split(separator: "/").last ?? "")"
        try cluster.recreate([RiskScoreTopology.scores, RiskScoreTopology.alerts], partitions: options.partitions)
    }

    var changelog: String { "\(group)-\(RiskScoreTopology.store)-changelog" }

    var ceiling: [String] {
        [
            "ceiling", "risk", "--input", RiskScoreTopology.events, "--output", RiskScoreTopology.scores, "--changelog",
            changelog,
        ]
    }

    /// Runs a subject or a ceiling in a separate process and cleans up afterwards.
    func sample(_ arguments: [String]) throws -> Sample {
        if arguments.first == "ceiling" { try cluster.recreate([changelog], partitions: options.partitions) }
        let common = [
            "--bootstrap", cluster.bootstrapServers, "--group", group, "--state", state, "--events",
            "\(options.events)",
        ]
        defer { try? cluster.delete([changelog]) }
        return try Child.sample(arguments + common)
    }
}
