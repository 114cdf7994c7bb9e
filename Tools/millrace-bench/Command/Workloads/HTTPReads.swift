import ArgumentParser
import Foundation
import RiskScore

/// Reads over HTTP, beside the least that a server of Hummingbird does.
struct HTTPReads: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http",
        abstract: "Point reads, batches and forwarded reads over HTTP, in turn with a bare Hummingbird server.",
        discussion: """
            The client is part of this program: one thread with some connections, each of which waits for a response before \
            it sends the next request. CPU is that of the servers' processes.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "How long each measurement reads.")
    var seconds = 3.0

    @Option(help: "The number of connections.")
    var connections = 16

    private static let batchCount = 1_000

    func run() throws {
        var report = Report()
        let cluster = try BenchCluster(options)
        defer { cluster.close() }
        try cluster.recreate(
            [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts],
            partitions: options.partitions)
        var events = RiskEvents(accounts: options.accounts, takesTurns: true)
        try events.write(max(options.events, options.accounts), to: cluster)
        let group = cluster.newGroup()
        let ping = try Server(["http-ping"])
        defer { ping.child.stop() }
        let first = try Server.instance(group, cluster)
        defer { first.child.stop() }
        try first.awaitAll(options.accounts)
        try measurePoints(first, ping, into: &report)
        try measureBatches(first, into: &report)
        if options.wants("forwarded") {
            let second = try Server.instance(group, cluster)
            defer { second.child.stop() }
            try measureForwarded(first, second, ping, into: &report)
        }
        try report.print(asJSON: options.json)
    }

    private func get(_ account: Int, headers: String = "") -> [UInt8] {
        Server.get(account, headers: headers)
    }

    private func sample(
        _ servers: [Server], _ requests: [[UInt8]], records: Int = 1, connections: Int? = nil
    ) throws -> Sample {
        let load = try HTTPLoad(
            port: servers[0].port, connections: connections ?? self.connections, requests: requests)
        _ = try load.run(seconds: min(0.5, seconds))
        let (cpu, start) = (servers.reduce(0) { $0 + $1.child.cpuSeconds }, monotonicSeconds())
        let count = try load.run(seconds: seconds)
        return Sample(
            records: count * records, seconds: monotonicSeconds() - start,
            cpuSeconds: servers.reduce(0) { $0 + $1.child.cpuSeconds } - cpu)
    }

    /// The samples of several subjects in turn; those of the first have its rate as a multiple of the second's.
    private func turns(_ subjects: [(name: String, sample: () throws -> Sample)]) throws -> [(String, [Sample])] {
        var found = subjects.map { ($0.name, [Sample]()) }
        for _ in 0..<options.repetitions {
            var round = try subjects.map { try $0.sample() }
            if round.count > 1 {
                round[0].others = [
                    "rate × \(subjects[1].name)": round[0].recordsPerSecond / round[1].recordsPerSecond
                ]
            }
            for index in round.indices { found[index].1.append(round[index]) }
        }
        return found
    }

    private func measurePoints(_ server: Server, _ ping: Server, into report: inout Report) throws {
        guard options.wants("point") else { return }
        let reads = Server.scattered(options.accounts).map { get($0) }
        report.add(
            "http", "point reads",
            try turns([
                ("millrace", { try sample([server], reads) }),
                ("ping", { try sample([ping], [HTTPLoad.get("/ping")]) }),
                ("health", { try sample([server], [HTTPLoad.get("/health/live")]) }),
            ]))
    }

    private func measureBatches(_ server: Server, into report: inout Report) throws {
        guard options.wants("batch") else { return }
        let keys = Server.scattered(options.accounts)
        let batches = (0..<20).map { batch in
            let some = (0..<Self.batchCount).map { keys[(batch * Self.batchCount + $0) % keys.count] }
            let list = some.map { "\"\(RiskEvents.key($0))\"" }.joined(separator: ",")
            return HTTPLoad.post("\(Server.target):batch", json: "{\"keys\":[\(list)]}")
        }
        report.add(
            "http", "keys in batches of \(Self.batchCount)",
            try turns([("millrace", { try sample([server], batches, records: Self.batchCount, connections: 4) })]))
    }

    private func measureForwarded(
        _ first: Server, _ second: Server, _ ping: Server, into report: inout Report
    ) throws {
        let accounts = Array(Server.scattered(options.accounts).prefix(2_000))
        var (here, there) = ([[UInt8]](), [[UInt8]]())
        let deadline = monotonicSeconds() + 60
        repeat {
            usleep(500_000)
            guard monotonicSeconds() < deadline else { throw BenchError("the instances do not share the partitions") }
            here = []
            there = []
            for account in accounts {
                // A forwarded request is answered by this instance or not at all.
                let probes = [first, second].map { server in
                    (try? HTTPLoad(
                        port: server.port, connections: 1,
                        requests: [get(account, headers: "Millrace-Forwarded: 1\r\n")]
                    ).run(seconds: 0)) != nil
                }
                if probes == [true, false] { here.append(get(account)) }
                if probes == [false, true] { there.append(get(account)) }
            }
        } while here.count + there.count < accounts.count || here.isEmpty || there.isEmpty
        report.add(
            "http", "forwarded reads",
            try turns([
                ("forwarded", { try sample([first, second], there) }),
                ("ping", { try sample([ping], [HTTPLoad.get("/ping")]) }),
                ("local", { try sample([first, second], here) }),
            ]))
    }
}
