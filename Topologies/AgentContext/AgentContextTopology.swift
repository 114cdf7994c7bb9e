public import Millrace

/// The open events of every agent, each with the agent's latest state: a memory that a fleet of agents shares.
///
/// Events are keyed by their id and name their agent, so the join is by foreign key. When an agent's state changes, all its
/// open events are emitted again with the new state. When an event moves to another agent, it is emitted with that agent's
/// state. When an event is closed, its context is deleted. Any number of agents may read `agent-contexts` as a table.
public struct AgentContextTopology: Sendable {
    public static let states = "agent-states"
    public static let events = "agent-events"
    public static let contexts = "agent-contexts"
    public static let store = "agent-context-store"
    /// The number of open events of each agent.
    public static let openEvents = "agent-open-events"

    public init() {}

    public func define(in builder: StreamsBuilder) {
        let states = builder.table(Self.states, key: .string, value: .json(AgentState.self))
        let events = builder.table(Self.events, key: .string, value: .json(AgentEvent.self))
        events
            .leftJoin(
                states, into: .store(Self.store, value: .json(EventInContext.self)),
                on: { _, event in event.agent },
                joiner: { event, state in EventInContext(event: event, state: state) }
            )
            .toStream()
            .to(Self.contexts)
        events
            .groupBy(named: Self.openEvents, key: .string, value: .string) { _, event in (event.agent, event.kind) }
            .count(into: .store(Self.openEvents))
            .toStream()
            .to(Self.openEvents)
    }
}
