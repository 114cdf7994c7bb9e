/// The key of a row of the table `agent_context` in PostgreSQL, as the source of PostgreSQL writes it: `{"agent_id":"…"}`.
public struct AgentKey: Codable, Sendable, Hashable {
    /// The agent's UUID, in lower case.
    public var agent: String

    public init(_ agent: String) { self.agent = agent }

    private enum CodingKeys: String, CodingKey { case agent = "agent_id" }
}

/// What is known about an agent, in the column `metadata`.
public struct AgentMetadata: Codable, Sendable, Hashable {
    /// The number of the row's changes, counted by whoever changes it.
    public var version: Int64
    /// The agent's task.
    public var task: String
    /// The highest risk that the agent may accept, from 0 to 1.
    public var tolerance: Double

    public init(version: Int64, task: String, tolerance: Double) {
        self.version = version
        self.task = task
        self.tolerance = tolerance
    }
}

/// A row of the table `agent_context`, as the source of PostgreSQL writes it.
public struct AgentRow: Codable, Sendable, Hashable {
    /// The agent's UUID.
    public var agent: String
    public var metadata: AgentMetadata
    /// The embedding of the agent's task, of 1,536 components.
    public var embedding: [Float]

    public init(agent: String, metadata: AgentMetadata, embedding: [Float]) {
        self.agent = agent
        self.metadata = metadata
        self.embedding = embedding
    }

    private enum CodingKeys: String, CodingKey {
        case agent = "agent_id"
        case metadata, embedding
    }
}

/// Something that an agent is asked to do, as JSON in the topic `agent-requests`, keyed by the request's id.
public struct AgentRequest: Codable, Sendable, Hashable {
    /// The agent's UUID.
    public var agent: String
    /// The risk of what is asked, from 0 to 1.
    public var risk: Double

    public init(agent: String, risk: Double) {
        self.agent = agent
        self.risk = risk
    }
}

/// The answer to a request, as JSON in the topic `agent-decisions`, keyed by the request's id.
public struct AgentDecision: Codable, Sendable, Hashable {
    public enum Verdict: String, Codable, Sendable {
        case accept
        case refuse
        /// Nobody knows the agent.
        case unknown
    }

    public var agent: String
    public var verdict: Verdict
    /// The version of the agent's row with which it was decided.
    public var version: Int64?

    public init(agent: String, verdict: Verdict, version: Int64?) {
        self.agent = agent
        self.verdict = verdict
        self.version = version
    }
}

/// An embedding that caches should load, as they read it in the topic `vector-ready`.
public struct VectorReady: Codable, Sendable, Hashable {
    public var key: String
    /// `nil` for a row that is gone.
    public var version: Int64?
    public var origin: String

    public init(key: String, version: Int64?, origin: String) {
        self.key = key
        self.version = version
        self.origin = origin
    }
}
