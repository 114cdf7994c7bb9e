import AgentContext
import Millrace
import MillraceTesting
import Testing

@Suite("Agent context")
struct AgentContextTests {
    private let driver: TopologyTestDriver

    init() throws {
        let builder = StreamsBuilder()
        AgentContextTopology().define(in: builder)
        let topology = try builder.build()
        driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
    }

    private func state(_ agent: String, _ status: String) throws {
        try driver.inputTopic(AgentContextTopology.states, key: .string, value: .json(AgentState.self))
            .pipe(key: agent, value: AgentState(goal: "goal", status: status))
    }

    private func event(_ id: String, _ agent: String?) throws {
        try driver.inputTopic(AgentContextTopology.events, key: .string, value: .json(AgentEvent.self))
            .pipe(key: id, value: agent.map { AgentEvent(agent: $0, kind: "reply", text: id) })
    }

    /// The contexts emitted since the last call: the event's id, its agent, the agent's status.
    private func contexts() throws -> [String] {
        try driver.outputTopic(AgentContextTopology.contexts, key: .string, value: .json(EventInContext.self))
            .readRecords().map { record in
                guard let context = record.value else { return "\(record.key ?? "") closed" }
                return "\(record.key ?? "") \(context.event.agent) \(context.state?.status ?? "-")"
            }
    }

    @Test("an event is emitted with its agent's state, and again whenever that changes")
    func follows() throws {
        try event("e1", "a")
        try event("e2", "b")
        #expect(try contexts() == ["e1 a -", "e2 b -"])
        try state("a", "busy")
        #expect(try contexts() == ["e1 a busy"])
        try event("e3", "a")
        try state("a", "idle")
        #expect(try contexts() == ["e3 a busy", "e1 a idle", "e3 a idle"])
    }

    @Test("a reassigned event follows its new agent, and a resolved one is closed")
    func handsOn() throws {
        try state("a", "busy")
        try state("b", "idle")
        try event("e1", "a")
        try event("e1", "b")
        try state("a", "gone")
        try event("e1", nil)
        try state("b", "gone")
        #expect(try contexts() == ["e1 a busy", "e1 b idle", "e1 closed"])
    }

    @Test("open events are counted by agent, however the instance ends", arguments: InstanceEnding.allCases)
    func counts(ending: InstanceEnding) throws {
        for (id, agent) in [("e1", "a"), ("e2", "a"), ("e3", "b")] { try event(id, agent) }
        try driver.restart(ending)
        try event("e1", nil)
        try event("e2", "b")
        try state("b", "busy")
        let counts = try driver.outputTopic(AgentContextTopology.openEvents, key: .string, value: .int64).readTable()
        #expect(counts == ["a": 0, "b": 2])
        #expect(try contexts().suffix(2) == ["e2 b busy", "e3 b busy"])
    }
}
