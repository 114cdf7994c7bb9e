import AgentMemory
import Millrace
import MillraceRuntime
import MillraceVectors
import ServiceLifecycle
import Synchronization

/// The decisions of an agent: for each it looks up a row, gets its embedding, and finds the agents that do the most similar things.
final class Decider: Service {
    let contexts: QueryableKeyValueStore<AgentKey, AgentRow>
    private let similar: QueryableVectorIndex<AgentKey, AgentRow>
    private let cache: EmbeddingCache
    private let rate: Int
    private let state = Mutex(State())

    private struct State {
        var latencies = LatencyHistogram(.microseconds)
        var failures = 0
    }

    init(_ application: StreamsApplication, _ cache: EmbeddingCache, rate: Int) throws {
        contexts = try application.store(
            .keyValue(
                AgentMemoryTopology.contexts, key: .json(AgentKey.self), value: .json(AgentRow.self)))
        similar = try application.store(.vectors(AgentMemoryTopology.similarAgents))
        self.cache = cache
        self.rate = max(1, rate)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var agents: [AgentKey] = []
            var count = 0
            while !Task.isCancelled {
                // The set of rows changes slowly.
                if count % rate == 0 || agents.isEmpty { agents = keys() }
                count += 1
                if let agent = agents.randomElement() { await decide(on: agent) }
                try? await Task.sleep(for: .seconds(1) / rate)
            }
        }
    }

    private func keys() -> [AgentKey] { (try? contexts.entries().map(\.key)) ?? [] }

    private func decide(on agent: AgentKey) async {
        let start = ContinuousClock.now
        do {
            guard let row = try contexts.get(agent) else { return }
            guard let embedding = try await cache.get(agent.agent, within: .seconds(1)) else { return }
            let neighbors = try similar.search(near: embedding.vector, count: 3).matches
            let request = AgentRequest(agent: agent.agent, risk: Double(neighbors.last?.score ?? 0))
            _ = AgentDecision(on: request, row: row)
            let latency = (ContinuousClock.now - start) / .microseconds(1)
            state.withLock { $0.latencies.add(microseconds: Int64(latency)) }
        } catch {
            // Redis and PostgreSQL may be away, both at once too; the next decision tries again.
            state.withLock { $0.failures += 1 }
        }
    }

    var figures: AgentFigures {
        let (latencies, failures) = state.withLock { ($0.latencies, $0.failures) }
        let measures = cache.measures
        return AgentFigures(
            decisions: latencies.count, failures: failures, p50: latencies.quantile(0.5) ?? .zero,
            p99: latencies.quantile(0.99) ?? .zero, hits: measures.hits, misses: measures.misses,
            rows: (try? contexts.count()) ?? 0)
    }
}
