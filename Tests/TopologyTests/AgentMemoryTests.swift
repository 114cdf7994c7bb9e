import AgentMemory
import Millrace
import MillraceTesting
import MillraceVectors
import Testing

@Suite("Agent memory")
struct AgentMemoryTests {
    private static let agent = "6f1c2a54-0000-4000-8000-000000000001"

    private func memory() throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        AgentMemoryTopology().define(in: builder)
        let topology = try builder.build()
        return try TopologyTestDriver(topology, storage: .simulatedDisk)
    }

    private func row(_ version: Int64, tolerance: Double = 0.5, first: Float = 1) -> AgentRow {
        let embedding = [first] + [Float](repeating: 0.25, count: 1_535)
        return AgentRow(
            agent: Self.agent, metadata: AgentMetadata(version: version, task: "refunds", tolerance: tolerance),
            embedding: embedding)
    }

    private func write(_ row: AgentRow?, _ driver: TopologyTestDriver) throws {
        try driver.inputTopic(AgentMemoryTopology.rows, key: .json(AgentKey.self), value: .json(AgentRow.self))
            .pipe(key: AgentKey(Self.agent), value: row)
    }

    @Test("a request is decided with the row as it is now")
    func decides() throws {
        let driver = try memory()
        let requests = driver.inputTopic(
            AgentMemoryTopology.requests, key: .string, value: .json(AgentRequest.self))
        let decisions = driver.outputTopic(
            AgentMemoryTopology.decisions, key: .string, value: .json(AgentDecision.self))
        let ask = { (id: String) throws -> [AgentDecision?] in
            try requests.pipe(key: id, value: AgentRequest(agent: Self.agent, risk: 0.6))
            return try decisions.readRecords().map(\.value)
        }
        #expect(try ask("r1") == [AgentDecision(agent: Self.agent, verdict: .unknown, version: nil)])
        try write(row(1), driver)
        #expect(try ask("r2") == [AgentDecision(agent: Self.agent, verdict: .refuse, version: 1)])
        try write(row(2, tolerance: 0.6), driver)
        #expect(try ask("r3") == [AgentDecision(agent: Self.agent, verdict: .accept, version: 2)])
        try write(nil, driver)
        #expect(try ask("r4") == [AgentDecision(agent: Self.agent, verdict: .unknown, version: nil)])
    }

    @Test("agents are found by what they do")
    func similar() throws {
        let driver = try memory()
        try write(row(1, first: 40), driver)
        let found = try driver.store(.vectors(AgentMemoryTopology.similarAgents))
            .search(near: row(1, first: 39).embedding, count: 1)
        #expect(found.matches.map(\.key.agent) == [Self.agent])
    }

    @Test("each change of a row is announced with its version, and so is its end")
    func announces() throws {
        let builder = StreamsBuilder()
        AgentAnnouncementsTopology().define(in: builder)
        let driver = try TopologyTestDriver(builder.build())
        try write(row(7), driver)
        try write(nil, driver)
        let records = try driver.outputTopic(
            AgentAnnouncementsTopology.announcements, key: .string, value: .json(VectorReady.self)
        ).readRecords()
        #expect(records.map(\.key) == [Self.agent, Self.agent])
        #expect(records.map(\.value?.version) == [7, nil])
        #expect(records.allSatisfy { $0.value?.key == Self.agent && $0.value?.origin == "postgresql" })
    }
}
