import ArgumentParser
import RiskScore

/// stream → mapValues → to: the cost of a record that needs no state.
struct Passthrough: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "From one topic to another, each value changed.")

    @OptionGroup var options: BenchOptions

    func run() throws {
        var report = Report()
        try Self.measure(options, into: &report)
        try report.print(asJSON: options.json)
    }

    static func measure(_ options: BenchOptions, into report: inout Report) throws {
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        try cluster.recreate([RiskScoreTopology.events], partitions: options.partitions)
        var events = RiskEvents(accounts: options.accounts)
        try events.write(options.events, to: cluster)
        for (name, guarantee) in [("exactly once", ["--exactly-once"]), ("at least once", [])] where options.wants(name)
        {
            var measured: [Sample] = []
            var ceiling: [Sample] = []
            for _ in 0..<options.repetitions {
                measured.append(try RiskRun(options, cluster).sample(["subject", "passthrough"] + guarantee))
                ceiling.append(
                    try RiskRun(options, cluster).sample(
                        [
                            "ceiling", "passthrough", "--input", RiskScoreTopology.events, "--output",
                            RiskScoreTopology.scores,
                        ] + guarantee))
            }
            report.add("passthrough", name, [("millrace", measured), ("by hand", ceiling)])
        }
    }
}
