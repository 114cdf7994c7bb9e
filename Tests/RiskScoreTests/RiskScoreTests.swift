import Millrace
import MillraceTesting
import RiskScore
import Testing

@Suite("Risk score")
struct RiskScoreTests {
    private let driver: TopologyTestDriver
    private let events: TestInputTopic<String, RiskEvent>
    private let scores: TestOutputTopic<String, Double>
    private let alerts: TestOutputTopic<String, Double>

    init() throws {
        let builder = StreamsBuilder()
        RiskScoreTopology().define(in: builder)
        driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(deserialization: .continue))
        events = driver.inputTopic(RiskScoreTopology.events, key: .string, value: .json())
        scores = driver.outputTopic(RiskScoreTopology.scores, key: .string, value: .double)
        alerts = driver.outputTopic(RiskScoreTopology.alerts, key: .string, value: .double)
    }

    private func pipe(_ account: String, _ score: Double, at timestampMs: Int64) throws {
        try events.pipe(
            key: account, value: RiskEvent(account: account, score: score, timestampMs: timestampMs),
            timestampMs: 1_000_000)
    }

    @Test("every event emits its account's highest score so far, in event time")
    func highest() throws {
        try pipe("acct-1", 0.4, at: 10)
        try pipe("acct-2", 0.1, at: 20)
        try pipe("acct-1", 0.7, at: 5)
        try pipe("acct-1", 0.2, at: 30)
        let records = try scores.readRecords()
        #expect(records.map(\.key) == ["acct-1", "acct-2", "acct-1", "acct-1"])
        #expect(records.map(\.value) == [0.4, 0.1, 0.7, 0.7])
        #expect(records.map(\.timestampMs) == [10, 20, 10, 30])
    }

    @Test("a score of 0.95 or more is also an alert", arguments: [(0.949, 0), (0.95, 1), (1.0, 1)])
    func alert(score: Double, count: Int) throws {
        try pipe("acct-1", score, at: 1)
        #expect(try alerts.readRecords().count == count)
        #expect(try scores.readRecords().count == 1)
    }

    @Test("the threshold can be chosen")
    func threshold() throws {
        let builder = StreamsBuilder()
        RiskScoreTopology(alertThreshold: 0.9).define(in: builder)
        let topology = try builder.build()
        let driver = try TopologyTestDriver(topology)
        try driver.inputTopic(RiskScoreTopology.events, key: .string, value: .json(RiskEvent.self))
            .pipe(key: "a", value: RiskEvent(account: "a", score: 0.91, timestampMs: 1))
        #expect(try driver.outputTopic(RiskScoreTopology.alerts, key: .string, value: .double).readValue() == 0.91)
    }

    @Test("the store holds the last emitted values")
    func store() throws {
        try pipe("acct-1", 0.4, at: 10)
        try pipe("acct-1", 0.3, at: 20)
        let store = try #require(driver.keyValueStore(RiskScoreTopology.store, key: .string, value: .double))
        #expect(try store.get("acct-1") == ValueAndTimestamp(value: 0.4, timestampMs: 20))
    }

    @Test("tombstones, events without a key and malformed ones change nothing and are counted")
    func bad() throws {
        try events.pipe(key: "acct-1", value: nil)
        try events.pipe(key: nil, value: RiskEvent(account: "acct-1", score: 1, timestampMs: 1))
        try events.pipe(rawKey: Array("acct-1".utf8), rawValue: Array("{]".utf8), timestampMs: 1)
        #expect(driver.unreadTopics.isEmpty)
        #expect(driver.droppedRecords == [.nullKeyOrValue: 2, .deserialization: 1])
    }
}

/// The example of docs/testing.md, unchanged.
@Suite("Example in the guide to testing")
struct TestingGuideExample {
    @Test("the highest score of an account wins")
    func highestScore() throws {
        let builder = StreamsBuilder()
        RiskScoreTopology().define(in: builder)
        let driver = try TopologyTestDriver(builder.build())
        let events = driver.inputTopic("risk-events", key: .string, value: .json(RiskEvent.self))
        let scores = driver.outputTopic("risk-scores", key: .string, value: .double)

        for score in [0.3, 0.8, 0.5] {
            try events.pipe(key: "acct-1", value: RiskEvent(account: "acct-1", score: score, timestampMs: 0))
        }

        #expect(try scores.readRecords().map(\.value) == [0.3, 0.8, 0.8])
        let store = driver.keyValueStore("risk-store", key: .string, value: .double)
        #expect(try store?.get("acct-1")?.value == 0.8)
    }
}
