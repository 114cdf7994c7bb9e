import ArgumentParser
import RiskScore

/// The time after an event at which its score can be read, at fixed rates.
///
/// Every event makes one record of the output, in the order of the partition that both share. So the n-th output of a partition
/// answers its n-th event. An event's time is the time at which it was due, not the time at which it was sent: a sender that
/// falls behind counts against the system. All times are kept and sorted; the percentiles are exact.
struct Latency: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "From an event to its readable score, at fixed rates.")

    @OptionGroup var options: BenchOptions

    @Option(help: "Events per second; several rates run one after the other.")
    var rates: [Int] = Self.defaultRates

    @Option(help: "How long to hold each rate.")
    var seconds = Self.defaultSeconds

    @Option(help: "Point reads of the store a second meanwhile; several numbers run one after the other.")
    var queries: [Int] = [0]

    static let defaultRates = [1_000, 10_000, 40_000, 80_000, 160_000]
    static let defaultSeconds = 6.0

    func run() throws {
        var report = Report()
        try Self.measure(options, rates: rates, seconds: seconds, queries: queries, into: &report)
        try report.print(asJSON: options.json)
    }

    static func measure(
        _ options: BenchOptions, rates: [Int] = defaultRates, seconds: Double = defaultSeconds,
        queries: [Int] = [0], into report: inout Report
    ) throws {
        for (guarantee, flags) in [("exactly once", ["--exactly-once"]), ("at least once", [])] {
            for (rate, queries) in rates.flatMap({ rate in queries.map { (rate, $0) } }) {
                let variant = "\(guarantee), \(rate)/s" + (queries == 0 ? "" : ", \(queries) queries/s")
                if !options.wants(variant) { continue }
                let cluster = try BenchCluster(options)
                defer { cluster.close() }
                try cluster.recreate([RiskScoreTopology.events], partitions: options.partitions)
                let run = try RiskRun(options, cluster)
                // The instance has seen an event before the clock starts.
                let count = Int(Double(rate) * seconds)
                let child = try Child(
                    [
                        "subject", "risk", "--bootstrap", cluster.bootstrapServers, "--group", run.group, "--state",
                        run.state, "--events", "\(count + 1)", "--queries", "\(queries)",
                    ] + flags)
                var load = try LatencyLoad(options, cluster)
                try load.warmUp()
                let times = try load.run(rate: rate, count: count)
                var sample = try child.sample()
                sample.others = times.percentiles
                report.add("latency", variant, [("millrace", [sample])])
                // Once the system is saturated, higher rates show nothing new.
                if times.isSaturated { break }
            }
        }
    }
}
