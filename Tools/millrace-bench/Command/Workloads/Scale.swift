import ArgumentParser
import RiskScore

/// The growth of a record's cost and of the memory with the number of partitions, which are tasks, and of keys.
struct Scale: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "1 to 64 partitions, 10,000 to 10,000,000 keys.")

    @OptionGroup var options: BenchOptions

    func run() throws {
        var report = Report()
        try Self.measure(options, into: &report)
        try report.print(asJSON: options.json)
    }

    static func measure(_ options: BenchOptions, into report: inout Report) throws {
        let shapes: [(partitions: Int32, keys: Int)] = [
            (1, 100_000), (8, 100_000), (64, 100_000), (8, 10_000), (8, 1_000_000), (8, 10_000_000),
        ]
        for (partitions, keys) in shapes {
            let variant = "\(partitions) partitions, \(keys) keys"
            if !options.wants(variant) { continue }
            var options = options
            options.partitions = partitions
            let cluster = try BenchCluster(options)
            defer { cluster.close() }
            try cluster.recreate([RiskScoreTopology.events], partitions: partitions)
            var events = RiskEvents(accounts: keys)
            try events.write(options.events, to: cluster)
            let sample = try RiskRun(options, cluster).sample(["subject", "risk", "--exactly-once"])
            report.add("scale", variant, [("millrace", [sample])])
        }
    }
}
