/// What an agent is doing, as JSON in the topic `agent-states`, keyed by the agent. The newest one counts.
public struct AgentState: Codable, Sendable, Hashable {
    public var goal: String
    public var status: String

    public init(goal: String, status: String) {
        self.goal = goal
        self.status = status
    }
}

/// Something that an agent has to react to, as JSON in the topic `agent-events`, keyed by the event's id. A tombstone says that
/// it is dealt with.
public struct AgentEvent: Codable, Sendable, Hashable {
    /// Whom it concerns.
    public var agent: String
    public var kind: String
    public var text: String

    public init(agent: String, kind: String, text: String) {
        self.agent = agent
        self.kind = kind
        self.text = text
    }
}

/// An open event together with what its agent is doing, as JSON in the topic `agent-contexts`, keyed by the event's id.
public struct EventInContext: Codable, Sendable, Hashable {
    public var event: AgentEvent
    /// `nil` for an agent of whom nothing is known.
    public var state: AgentState?

    public init(event: AgentEvent, state: AgentState?) {
        self.event = event
        self.state = state
    }
}
