import ArgumentParser
import KafkaClient
import RiskScore

/// The time that an instance takes from its exec to the running state and to its first output, beside that of a bare consumer
/// that joins a group.
struct Startup: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "From exec to running to the first output.")

    @OptionGroup var options: BenchOptions

    func run() throws {
        var report = Report()
        try Self.measure(options, into: &report)
        try report.print(asJSON: options.json)
    }

    static func measure(_ options: BenchOptions, into report: inout Report) throws {
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        for (variant, keys) in [("cold", 1), ("\(options.events) keys on disk", options.events)]
        where options.wants(variant) {
            try cluster.recreate([RiskScoreTopology.events], partitions: options.partitions)
            var events = RiskEvents(accounts: keys, takesTurns: true)
            let run = try RiskRun(options, cluster)
            if keys > 1 {
                try events.write(keys, to: cluster)
                _ = try subject(run, "\(keys)", cluster)
            }
            var own: [Sample] = []
            var bare: [Sample] = []
            for _ in 0..<options.repetitions {
                try events.write(1, to: cluster)
                let fresh = keys > 1 ? run : try RiskRun(options, cluster)
                own.append(try subject(fresh, "1", cluster))
                bare.append(try join(cluster))
            }
            report.add("startup", variant, [("millrace", own), ("bare join", bare)])
        }
    }

    private static func subject(_ run: RiskRun, _ events: String, _ cluster: BenchCluster) throws -> Sample {
        try Child.sample([
            "subject", "risk", "--exactly-once", "--bootstrap", cluster.bootstrapServers, "--group", run.group,
            "--state", run.state, "--events", events,
        ])
    }

    /// The time that joining a group takes by itself.
    private static func join(_ cluster: BenchCluster) throws -> Sample {
        let meter = ProcessMeter()
        let start = monotonicSeconds()
        let consumer = try KafkaConsumer(
            cluster.settings([("group.id", cluster.newGroup()), ("partition.assignment.strategy", "range")]))
        try consumer.subscribe([RiskScoreTopology.events])
        var isAssigned = false
        while !isAssigned {
            for case .assigned in try consumer.poll(maxMessages: 1, timeoutMs: 100).events { isAssigned = true }
        }
        let seconds = monotonicSeconds() - start
        try consumer.close()
        return meter.sample(records: 1, seconds: seconds, others: ["running after ms": seconds * 1_000])
    }
}
