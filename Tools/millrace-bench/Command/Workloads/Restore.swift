import ArgumentParser
import Foundation
import RiskScore

/// The speed of restoring a store from its changelog: all of it, and the last hundredth.
struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A store from its changelog: empty, and almost complete.")

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
        let run = try RiskRun(options, cluster)
        // Compaction would leave a different part of the records each time. Its lag counts from their timestamps.
        try cluster.recreate(
            [run.changelog], partitions: options.partitions,
            settings: ["cleanup.policy": "compact", "min.compaction.lag.ms": "\(Int64.max)"])
        let almost = cluster.newFolder()
        try fill(run, almost, options, cluster)

        var own: [Sample] = []
        var ceiling: [Sample] = []
        for _ in 0..<options.repetitions {
            let sample = try restore(run, into: cluster.newFolder(), cluster)
            own.append(sample)
            ceiling.append(
                try Child.sample([
                    "ceiling", "restore", "--input", run.changelog, "--group", cluster.newGroup(), "--state",
                    cluster.newFolder(), "--events", "\(sample.records)", "--bootstrap", cluster.bootstrapServers,
                    "--exactly-once",
                ]))
        }
        report.add("restore", "empty store", [("millrace", own), ("by hand", ceiling)])

        var last: [Sample] = []
        for _ in 0..<options.repetitions {
            let folder = cluster.newFolder()
            try FileManager.default.copyItem(atPath: almost, toPath: folder)
            last.append(try restore(run, into: folder, cluster))
        }
        report.add("restore", "last 1 %", [("millrace", last)])
    }

    /// Fills the changelog; `almost` becomes a copy of the state at 99 % of the records.
    private static func fill(
        _ run: RiskRun, _ almost: String, _ options: BenchOptions, _ cluster: BenchCluster
    ) throws {
        var events = RiskEvents(accounts: options.accounts)
        let lastCount = max(1, options.events / 100)
        for (count, copies) in [(options.events - lastCount, true), (lastCount, false)] where count > 0 {
            try events.write(count, to: cluster)
            _ = try Child.sample([
                "subject", "risk", "--exactly-once", "--bootstrap", cluster.bootstrapServers, "--group", run.group,
                "--state", run.state, "--events", "\(count)",
            ])
            if copies { try FileManager.default.copyItem(atPath: run.state, toPath: almost) }
        }
    }

    private static func restore(_ run: RiskRun, into folder: String, _ cluster: BenchCluster) throws -> Sample {
        try Child.sample([
            "subject", "risk", "--exactly-once", "--bootstrap", cluster.bootstrapServers, "--group", run.group,
            "--state", folder, "--events", "0",
        ])
    }
}
