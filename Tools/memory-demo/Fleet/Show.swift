import AgentMemory
import ArgumentParser
import Foundation
import KafkaClient

/// Runs the whole demo: servers, connectors, agents, changes, failures, and the proof.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Runs agents, changes rows, breaks servers and proves that every agent sees every row.")

    @OptionGroup var servers: ServerOptions

    @Option(help: "The program `millrace`, which runs the connectors.")
    var millrace: String

    @Option(help: "The folder for the servers' data and logs.")
    var folder: String

    @Option(help: "How long to change rows.")
    var seconds = 40.0

    @Option(help: "Rows at the beginning.")
    var rows = 200

    @Option(help: "Changes of rows each second.")
    var rate = 20

    @Option(help: "Seed of the rows and their changes; random by default, and printed.")
    var seed: UInt64?

    @Flag(help: "Keep everything running after the proof, until Ctrl-C, to look around in the consoles.")
    var keep = false

    func run() async throws {
        // A process that was killed does not read any more.
        signal(SIGPIPE, SIG_IGN)
        let folder = URL(filePath: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let seed = seed ?? .random(in: 0 ... .max)
        say("seed \(seed); logs in \(folder.path)")
        try makeTopics()
        let fleet = try Fleet(self, folder: folder)
        defer { fleet.stop() }
        var database = Database(port: servers.postgresPort, seed: seed)
        try await start(fleet, &database)
        var requests = try Requests(servers.bootstrapServers)
        try await breakThings(fleet, &database, &requests)
        say("\nno more changes; comparing what every agent sees with PostgreSQL")
        let proof = Proof(fleet: fleet, expected: try database.rows(), requests: requests, servers: servers)
        let isProven = try await proof.report(changes: database.changeCount)
        if keep {
            say("the consoles stay until Ctrl-C")
            while true { try await Task.sleep(for: .seconds(3_600)) }
        }
        if !isProven { throw ExitCode(1) }
    }

    /// The file of the connectors: the table's changes into their topic.
    var connectorSettings: String {
        """
        {
            "name": "memory",
            "bootstrapServers": ["\(servers.bootstrapServers)"],
            "connectors": {
                "agents": {
                    "type": "postgres-source",
                    "host": "127.0.0.1", "port": \(servers.postgresPort), "database": "postgres", "user": "millrace",
                    "password": {"environment": "MEMORY_DEMO_PASSWORD"},
                    "tables": ["public.agent_context"], "slot": "memory_demo", "topicPrefix": "memory."
                },
                "mirror": {
                    "type": "redis-vectors-sink",
                    "server": {"port": \(servers.redisPort)},
                    "topics": ["\(AgentMemoryTopology.rows)"], "dimension": \(Database.dimensions),
                    "keyMember": "agent_id", "versionMember": "metadata.version", "hasIndex": false
                }
            }
        }

        """
    }

    private func makeTopics() throws {
        let admin = try KafkaAdmin(["bootstrap.servers": servers.bootstrapServers])
        let topics = [
            NewTopic(AgentMemoryTopology.rows, partitions: 4, configs: ["cleanup.policy": "compact"]),
            NewTopic(AgentMemoryTopology.requests, partitions: 4),
            NewTopic(AgentMemoryTopology.decisions, partitions: 4),
            NewTopic(AgentAnnouncementsTopology.announcements, partitions: 1),
        ]
        for case .failure(let error) in try admin.createTopics(topics, timeoutMs: 10_000).values
        where error.code != .topicAlreadyExists {
            throw error
        }
    }

    private func start(_ fleet: Fleet, _ database: inout Database) async throws {
        try fleet.postgres.start()
        try fleet.redis.start()
        try await wait("PostgreSQL answers", fleet.postgres) { [database] in database.isAnswering }
        try database.create(rows: rows)
        try fleet.connect.start()
        for agent in fleet.agents { try agent.start() }
        try await wait("the agents are ready", fleet.agents[0]) {
            fleet.receive()
            return fleet.ports.count == fleet.agents.count
        }
        for (index, port) in fleet.ports.sorted(by: { $0.key < $1.key }) {
            say("\(fleet.agents[index].name): http://127.0.0.1:\(port)/")
        }
    }

    /// Waits for a condition, for a minute at most.
    private func wait(_ what: String, _ process: FleetProcess, until condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard process.isRunning, ContinuousClock.now < deadline else {
                throw DemoFailure("waited in vain until \(what):\n\(process.lastWords)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Changes rows and asks for decisions, while an agent, Redis and PostgreSQL end one after the other.
    private func breakThings(_ fleet: Fleet, _ database: inout Database, _ requests: inout Requests) async throws {
        let steps: [(share: Double, words: String, action: () throws -> Void)] = [
            (0.2, "kill -9 of agent-2", { fleet.agents[1].kill() }),
            (0.3, "agent-2 starts again", { try fleet.agents[1].start() }),
            (0.4, "kill -9 of Redis", { fleet.redis.kill() }),
            (0.5, "Redis starts again", { try fleet.redis.start() }),
            (0.6, "PostgreSQL is told to stop at once", { fleet.postgres.stop(SIGQUIT) }),
            (0.7, "PostgreSQL starts again", { try fleet.postgres.start() }),
            (0.8, "kill -9 of the connectors", { fleet.connect.kill() }),
            (0.85, "the connectors start again", { try fleet.connect.start() }),
        ]
        var next = 0
        let start = ContinuousClock.now
        var lastView = start
        while true {
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            if elapsed >= seconds { break }
            if next < steps.count, elapsed >= seconds * steps[next].share {
                say(String(format: "%5.1f s  %@", elapsed, steps[next].words))
                try steps[next].action()
                next += 1
            }
            // PostgreSQL is away for a while; the rows in it are compared in the end.
            try? database.change()
            try requests.send(&database.random)
            if ContinuousClock.now - lastView >= .seconds(1) {
                lastView = ContinuousClock.now
                view(fleet, elapsed)
            }
            try await Task.sleep(for: .seconds(1) / max(1, rate))
        }
        if fleet.postgres.isRunning == false { try fleet.postgres.start() }
        try await wait("PostgreSQL answers", fleet.postgres) { [database] in database.isAnswering }
    }

    private func view(_ fleet: Fleet, _ elapsed: Double) {
        fleet.receive()
        for agent in fleet.agents { agent.send("figures") }
        let figures = fleet.figures.values
        let (hits, misses) = (figures.reduce(0) { $0 + $1.hits }, figures.reduce(0) { $0 + $1.misses })
        let p99 = figures.map(\.p99).max() ?? .zero
        say(
            String(
                format: "%5.1f s  %d decisions, %d hits, %d misses, slowest agent's p99 %.2f ms", elapsed,
                figures.reduce(0) { $0 + $1.decisions }, hits, misses, p99 / .milliseconds(1)))
    }
}

/// A failure of the demo itself.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Prints a line at once, also into a file.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
