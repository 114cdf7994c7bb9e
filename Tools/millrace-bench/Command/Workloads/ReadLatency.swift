import ArgumentParser
import Foundation
import RiskScore

/// The latency of results beside reads over HTTP: whether reads delay the records.
struct ReadLatency: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-latency",
        abstract: "From an event to its readable score, exactly once, with and without reads over HTTP beside it.",
        discussion: """
            One instance gets events at a fixed rate all the time. In turns, nothing else happens; a client reads keys of the \
            instance; a client asks another process for /ping, at the rate that takes as much CPU as the reads. What the pings \
            do to the latency is the machine's scarcity of CPU; only what the reads do beyond that is Millrace's.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "Events per second.")
    var rate = 5_000

    @Option(help: "Point reads per second.")
    var reads = 10_000

    @Option(help: "How long each measurement takes.")
    var seconds = 6.0

    @Option(help: "Measurements of each variant.")
    var turns = 7

    @Option(help: "The number of the client's connections.")
    var connections = 16

    func validate() throws {
        guard rate > 0, reads > 0, turns > 0, connections > 0, seconds >= 1, seconds <= 60 else {
            throw ValidationError(
                "--rate, --reads, --turns and --connections have to be at least 1, --seconds from 1 to 60")
        }
    }

    private enum Variant: CaseIterable {
        case alone
        case reads
        case pings
    }

    /// The servers and the load of a measurement.
    private struct Bench {
        let instance: Server
        let ping: Server
        var load: LatencyLoad
        /// The pings per second that take as much CPU as the reads.
        var pings: Int
    }

    func run() throws {
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        try cluster.recreate(
            [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts],
            partitions: options.partitions)
        let ping = try Server(["http-ping"])
        defer { ping.child.stop() }
        let instance = try Server.instance(cluster.newGroup(), cluster, isExactlyOnce: true)
        defer { instance.child.stop() }
        var bench = Bench(
            instance: instance, ping: ping, load: try LatencyLoad(options, cluster, takesTurns: true), pings: reads)
        try bench.load.warmUp()
        // Every account has a score before the first read.
        _ = try bench.load.run(rate: 40_000, count: options.accounts)
        try instance.awaitAll(options.accounts)
        try calibrate(&bench)
        var samples: [Variant: [Sample]] = [:]
        for turn in 0..<turns {
            var round: [Variant: Sample] = [:]
            for index in Variant.allCases.indices {
                let variant = Variant.allCases[(index + turn) % Variant.allCases.count]
                round[variant] = try sample(variant, &bench)
            }
            let alone = round[.alone]?.others?["p99 ms"] ?? 0
            for (variant, sample) in round {
                var sample = sample
                if variant != .alone, alone > 0, let latency = sample.others?["p99 ms"] {
                    sample.others?["p99 × alone"] = latency / alone
                }
                samples[variant, default: []].append(sample)
            }
        }
        var report = Report()
        for variant in Variant.allCases {
            report.add("read latency", name(variant, bench), [("millrace", samples[variant] ?? [])])
        }
        try report.print(asJSON: options.json)
    }

    private func name(_ variant: Variant, _ bench: Bench) -> String {
        switch variant {
        case .alone: "exactly once, \(rate)/s"
        case .reads: "exactly once, \(rate)/s, \(reads) reads/s"
        case .pings: "exactly once, \(rate)/s, \(bench.pings) pings/s elsewhere"
        }
    }

    /// Finds the rate of pings that takes as much CPU as the reads: that of the server and of the client.
    private func calibrate(_ bench: inout Bench) throws {
        func cost(_ variant: Variant) throws -> Double {
            let others = try sample(variant, &bench).others ?? [:]
            return (others["server CPU ms/s"] ?? 0) + (others["client CPU ms/s"] ?? 0)
        }
        let alone = try cost(.alone)
        let (reading, pinging) = (try cost(.reads) - alone, try cost(.pings) - alone)
        guard reading > 0, pinging > 0 else { throw BenchError("the load takes no CPU") }
        bench.pings = max(1, Int(Double(reads) * reading / pinging))
    }

    private func sample(_ variant: Variant, _ bench: inout Bench) throws -> Sample {
        let client = try client(variant, bench)
        defer { client?.stop() }
        let servers = [bench.instance.child, bench.ping.child]
        let (server, asking) = (servers.reduce(0) { $0 + $1.cpuSeconds }, client?.cpuSeconds ?? 0)
        let (instance, start) = (bench.instance.child.cpuSeconds, monotonicSeconds())
        let count = Int(Double(rate) * seconds)
        let times = try bench.load.run(rate: rate, count: count)
        let elapsed = monotonicSeconds() - start
        var sample = Sample(
            records: count, seconds: elapsed, cpuSeconds: bench.instance.child.cpuSeconds - instance)
        sample.others = times.percentiles
        sample.others?["server CPU ms/s"] = (servers.reduce(0) { $0 + $1.cpuSeconds } - server) / elapsed * 1_000
        sample.others?["client CPU ms/s"] = ((client?.cpuSeconds ?? 0) - asking) / elapsed * 1_000
        if let client {
            let asked = try client.sample()
            sample.others?["answers/s"] = asked.recordsPerSecond
        }
        return sample
    }

    /// Starts the client of a measurement, which goes on for longer than the measurement.
    private func client(_ variant: Variant, _ bench: Bench) throws -> Child? {
        let (server, rate, accounts) =
            switch variant {
            case .alone: (bench.instance, 0, 0)
            case .reads: (bench.instance, reads, options.accounts)
            case .pings: (bench.ping, bench.pings, 0)
            }
        if rate == 0 { return nil }
        let child = try Child([
            "http-load", "--port", "\(server.port)", "--rate", "\(rate)", "--seconds", "\(seconds + 1)",
            "--connections", "\(connections)", "--accounts", "\(accounts)",
        ])
        guard child.line() != nil else { throw BenchError("the client does not connect") }
        return child
    }
}
