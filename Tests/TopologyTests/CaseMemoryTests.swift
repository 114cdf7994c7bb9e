import CaseMemory
import Millrace
import MillraceTesting
import MillraceVectors
import Testing

@Suite("Case memory")
struct CaseMemoryTests {
    private let driver: TopologyTestDriver
    private let past: CaseNotes
    private let events: CaseNotes

    init() throws {
        let builder = StreamsBuilder()
        CaseMemoryTopology().define(in: builder)
        let topology = try builder.build()
        driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
        past = try CaseNotes("notes")
        events = try CaseNotes("events")
    }

    private func learn() throws {
        for (id, value) in past.cases { try learn(id, value) }
    }

    private func learn(_ id: String, _ value: FraudCase?) throws {
        try driver.inputTopic(CaseMemoryTopology.cases, key: .string, value: .json(FraudCase.self))
            .pipe(key: id, value: value)
    }

    private func decide(_ note: CaseNotes.Note, id: String, score: Double = 0.5) throws -> Decision {
        let event = FraudEvent(
            id: id, account: "account of \(id)", score: score, text: note.text, embedding: note.embedding)
        try driver.inputTopic(CaseMemoryTopology.events, key: .string, value: .json(FraudEvent.self))
            .pipe(key: event.account, value: event)
        let decisions = try driver.outputTopic(
            CaseMemoryTopology.decisions, key: .string, value: .json(Decision.self)
        ).readRecords()
        try #require(decisions.map(\.key) == [id])
        return try #require(decisions[0].value)
    }

    private func confirm(_ id: String, isFraud: Bool) throws {
        try driver.inputTopic(CaseMemoryTopology.confirmations, key: .string, value: .json(Confirmation.self))
            .pipe(key: id, value: Confirmation(isFraud: isFraud))
    }

    @Test(
        "most precedents are of the event's kind, more than shared words or chance find; the verdicts are right or careful"
    )
    func findsSimilarCases() throws {
        try learn()
        var (kindred, kindredByWords, byChance, nearest, decided) = (0, 0, 0.0, 0, 0)
        for (number, event) in events.notes.enumerated() {
            let decision = try decide(event, id: "e\(number)")
            let kinds = decision.precedents.map { String($0.caseID.prefix { !$0.isNumber }.dropLast()) }
            #expect(kinds.count == 5 && kinds.contains(event.kind), "\(event.text): \(decision.precedents.map(\.text))")
            if kinds.first == event.kind { nearest += 1 }
            kindred += kinds.count { $0 == event.kind }
            kindredByWords += past.nearestByWords(to: event.text, count: 5).count { $0.kind == event.kind }
            byChance += 5 * Double(past.notes.count { $0.kind == event.kind }) / Double(past.notes.count)
            let similarities = decision.precedents.map(\.similarity)
            #expect(similarities == similarities.sorted(by: >))
            #expect(decision.verdict != (event.isFraud ? .allow : .block), "\(event.text): \(decision.precedents)")
            if decision.verdict != .review { decided += 1 }
        }
        let count = events.notes.count
        // A verdict is a majority: it is only as good as most of its precedents.
        #expect(kindred >= count * 5 * 6 / 10 && nearest >= count * 9 / 10, "\(kindred), \(nearest)")
        // A model is worth its price if it finds more than a comparison of words, which needs none.
        #expect(Double(kindred) >= 1.15 * Double(kindredByWords), "\(kindredByWords) by words")
        #expect(Double(kindred) >= 5 * byChance, "\(byChance) by chance")
        // To send everything to review would be right, too, and of no use.
        #expect(decided >= count * 6 / 10, "\(decided)")
    }

    @Test("the precedents are the nearest cases that a search finds by comparing all")
    func agreesWithSearch() throws {
        try learn()
        let index = try driver.store(.vectors(CaseMemoryTopology.similarCases))
        for (number, event) in events.notes.enumerated() {
            let nearest = try index.search(near: event.embedding, count: 5, effort: .exact)
            let precedents = try decide(event, id: "e\(number)").precedents
            #expect(precedents.map(\.caseID) == nearest.matches.map(\.key))
        }
    }

    @Test("without similar cases the account's risk score decides")
    func decidesByScore() throws {
        let event = try #require(events.notes.first)
        #expect(try decide(event, id: "low", score: 0.1).verdict == .allow)
        #expect(try decide(event, id: "middle", score: 0.5).verdict == .review)
        #expect(try decide(event, id: "high", score: 0.9).verdict == .block)
    }

    @Test("a confirmed decision is a case for the next event, also after a restart", arguments: InstanceEnding.allCases)
    func learnsFromDecisions(ending: InstanceEnding) throws {
        let event = try #require(events.notes.first)
        #expect(try decide(event, id: "first").precedents.isEmpty)
        try driver.restart(ending)
        try confirm("first", isFraud: true)
        try driver.restart(ending)
        let second = try decide(event, id: "second", score: 0.5)
        #expect(second.precedents.map(\.caseID) == ["first"])
        #expect(second.precedents.map(\.isFraud) == [true])
        #expect(second.verdict == .block)
    }

    @Test("a deleted case is found no more")
    func forgets() throws {
        try learn()
        let event = try #require(events.notes.first)
        let nearest = try #require(decide(event, id: "before").precedents.first)
        try learn(nearest.caseID, nil)
        #expect(try !decide(event, id: "after").precedents.map(\.caseID).contains(nearest.caseID))
    }
}
