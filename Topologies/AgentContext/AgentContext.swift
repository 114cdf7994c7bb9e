/// An agent's state, as JSON in the topic `agent-states`, keyed by the agent. The newest state counts.
public struct AgentState: Codable, Sendable, Hashable {
    public var goal: String
    public var status: String

    public init(goal: String, status: String) {
        self.goal = goal
        self.status = status
    }
}

/// Something that an agent has to react to, as JSON in the topic `agent-events`, keyed by the event's id. A tombstone closes
/// the event.
public struct AgentEvent: Codable, Sendable, Hashable {
    /// The agent that it concerns.
    public var agent: String
    public var kind: String
    public var text: String

    public init(agent: String, kind: String, text: String) {
        self.agent = agent
        self.kind = kind
        self.text = text
    }
}

/// An open event together with its agent's state, as JSON in the topic `agent-contexts`, keyed by the event's id.
public struct EventInContext: Codable, Sendable, Hashable {
    public var event: AgentEvent
    /// `nil` for an unknown agent.
    public var state: AgentState?

    public init(event: AgentEvent, state: AgentState?) {
        self.event = event
        self.state = state
    }
}
