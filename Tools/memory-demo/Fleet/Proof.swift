import AgentMemory
import Foundation
import KafkaClient
import MillraceRedis
import MillraceVectors

/// The comparison of what all agents see, and of Redis, with PostgreSQL, and of the decisions with the requests.
struct Proof {
    let fleet: Fleet
    let expected: [String: Fingerprint]
    let requests: Requests
    let servers: ServerOptions

    /// Waits until everything has arrived, for a minute at most, and prints the result. Returns whether it is right.
    func report(changes: Int) async throws -> Bool {
        try requests.flush()
        let deadline = ContinuousClock.now + .seconds(60)
        var problems: [String] = []
        repeat {
            problems = []
            for index in fleet.agents.indices {
                let name = fleet.agents[index].name
                guard let rows = try await fleet.rows(of: index) else {
                    problems.append("\(name) does not answer: \(fleet.agents[index].lastWords)")
                    continue
                }
                problems += differences(rows).map { "\(name): \($0)" }
            }
            problems += await mirrorProblems()
            problems += try decisionProblems()
            if problems.isEmpty { break }
            try await Task.sleep(for: .milliseconds(500))
        } while ContinuousClock.now < deadline
        for agent in fleet.agents { agent.send("figures") }
        try await Task.sleep(for: .milliseconds(300))
        fleet.receive()
        printFigures()
        for problem in problems.prefix(20) { say("  WRONG \(problem)") }
        if problems.isEmpty {
            say(
                """
                PROVEN: each of \(fleet.agents.count) agents has the latest version of all \(expected.count) rows in its table and its cache, \
                and so has Redis, after \(changes) changes; each of \(requests.count) requests has one decision
                """)
        } else {
            say("NOT PROVEN: \(problems.count) differences")
        }
        return problems.isEmpty
    }

    private func differences(_ rows: [String: AgentView]) -> [String] {
        var problems: [String] = []
        for (agent, row) in expected {
            let view = rows[agent]
            if view?.table != row {
                problems.append("row \(agent) is \(row), and in the table \(view?.table?.description ?? "missing")")
            }
            if view?.cache != row {
                problems.append("row \(agent) is \(row), and in the cache \(view?.cache?.description ?? "missing")")
            }
        }
        return problems + rows.keys.filter { expected[$0] == nil }.map { "row \($0) is deleted, and in the table" }
    }

    /// Redis needs the latest embedding of each row.
    private func mirrorProblems() async -> [String] {
        var configuration = RedisEmbeddings.Configuration()
        configuration.server.port = servers.redisPort
        do {
            let redis = try RedisEmbeddings(configuration)
            var problems: [String] = []
            let agents = expected.keys.sorted()
            for start in stride(from: 0, to: agents.count, by: redis.maxBatchCount) {
                let keys = agents[start..<min(agents.count, start + redis.maxBatchCount)].map { EmbeddingKey($0) }
                let found = try await redis.load(keys, within: .seconds(10))
                for key in keys {
                    let row = found[key].map { Fingerprint(version: $0.version, embedding: $0.vector) }
                    if row == expected[key.key] { continue }
                    let words = expected[key.key]?.description ?? "missing"
                    problems.append("row \(key.key) is \(words), and in Redis \(row?.description ?? "missing")")
                }
            }
            return problems
        } catch { return ["Redis: \(error)"] }
    }

    /// Each request needs exactly one decision.
    private func decisionProblems() throws -> [String] {
        let consumer = try KafkaConsumer([
            "bootstrap.servers": servers.bootstrapServers, "group.id": "memory-demo", "enable.auto.commit": "false",
            "isolation.level": "read_committed", "enable.partition.eof": "true",
        ])
        defer { try? consumer.close() }
        let partitions = (Int32(0)..<4).map { TopicPartition(AgentMemoryTopology.decisions, $0) }
        try consumer.assign(partitions.enumerated().map { AssignedPartition($1, slot: $0, start: .beginning) })
        var counts: [String: Int] = [:]
        var open = Set(partitions.indices)
        let deadline = ContinuousClock.now + .seconds(20)
        while !open.isEmpty, ContinuousClock.now < deadline {
            let batch = try consumer.poll(maxMessages: 5_000, timeoutMs: 200)
            for message in batch.messages {
                counts[message.key.map { String(decoding: $0, as: UTF8.self) } ?? "", default: 0] += 1
            }
            for case .endOfPartition(let slot, _) in batch.events { open.remove(slot) }
        }
        let wrong = (0..<requests.count).filter { counts["request-\($0)"] != 1 }
        return wrong.isEmpty ? [] : ["\(wrong.count) of \(requests.count) requests have not one decision"]
    }

    private func printFigures() {
        say("            decisions  failures     p50 ms     p99 ms       hits     misses")
        for (index, agent) in fleet.agents.enumerated() {
            guard let figures = fleet.figures[index] else { continue }
            let name = agent.name.padding(toLength: 10, withPad: " ", startingAt: 0)
            say(
                String(
                    format: "  %@%9d %9d %10.3f %10.3f %10d %10d", name, figures.decisions, figures.failures,
                    figures.p50 / .milliseconds(1), figures.p99 / .milliseconds(1), figures.hits, figures.misses))
        }
        let worst = fleet.figures.values.map(\.p99).max() ?? .zero
        let verdict = worst <= .milliseconds(30) ? "within" : "NOT within"
        say(String(format: "  the slowest agent's p99 is %@ 30 ms", verdict))
    }
}
