public import Millrace
public import MillraceVectors

/// Agents that decide with their rows of a table in PostgreSQL, which every instance has as a whole: requests → the agent's row → decisions.
///
/// The rows come by replication, so a change in PostgreSQL counts for the next request, and nobody polls the database.
public struct AgentMemoryTopology: Sendable {
    /// The rows of `agent_context`, as the source of PostgreSQL writes them.
    public static let rows = "memory.public.agent_context"
    public static let requests = "agent-requests"
    public static let decisions = "agent-decisions"
    public static let contexts = "agent-context-rows"

    /// The index of the agents by what they do.
    public static let similarAgents = VectorIndex<AgentKey, AgentRow>(
        "similar-agents", of: \.embedding, dimensions: 1_536)

    public init() {}

    public func define(in builder: StreamsBuilder) {
        let contexts = builder.globalTable(
            Self.rows, key: .json(AgentKey.self), value: .json(AgentRow.self),
            into: .store(Self.contexts).indexed(by: Self.similarAgents))
        builder
            .stream(Self.requests, key: .string, value: .json(AgentRequest.self))
            .leftJoin(contexts, result: .json(AgentDecision.self), on: { _, request in AgentKey(request.agent) }) {
                request, row in
                AgentDecision(on: request, row: row)
            }
            .to(Self.decisions)
    }
}

extension AgentDecision {
    /// The decision on a request with what is known of the agent; `nil` if nothing is.
    public init(on request: AgentRequest, row: AgentRow?) {
        let verdict = row.map { request.risk <= $0.metadata.tolerance ? Verdict.accept : .refuse }
        self.init(agent: request.agent, verdict: verdict ?? .unknown, version: row?.metadata.version)
    }
}

/// The announcements by which all caches of embeddings load a row that has changed in PostgreSQL, as soon as it arrives by replication.
///
/// It is a topology of its own, because it reads the same topic as the global table of ``AgentMemoryTopology``.
public struct AgentAnnouncementsTopology: Sendable {
    /// The topic that ``EmbeddingCache``s read.
    public static let announcements = "vector-ready"

    public init() {}

    public func define(in builder: StreamsBuilder) {
        builder
            .stream(AgentMemoryTopology.rows, key: .json(AgentKey.self), value: .json(ChangedRow.self))
            .filter { record in record.key != nil }
            .map(key: .string, value: .json(VectorReady.self)) { record in
                let agent = record.key?.agent ?? ""
                return (agent, VectorReady(key: agent, version: record.value?.metadata.version, origin: "postgresql"))
            }
            .to(Self.announcements)
    }
}

/// The part of a row that an announcement needs, without its embedding.
private struct ChangedRow: Codable, Sendable {
    var metadata: AgentMetadata
}
