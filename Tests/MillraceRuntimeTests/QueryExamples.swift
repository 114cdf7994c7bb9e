import Millrace
import MillraceRuntime
import MillraceTesting
import RiskScore
import Testing

/// The examples of docs/queries.md and of the comments of queries, as they stand there.
@Suite("Examples in the documentation of queries")
struct QueryExamples {
    /// Compiled only: it would run until it is told to stop.
    private func points(_ topology: Topology, _ configuration: StreamsConfiguration) async throws {
        let application = StreamsApplication(topology, configuration: configuration)
        let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
        async let running: Void = application.run()
        let score = try scores.get("acct-1")
        let some = try scores.entries(from: "acct-1", through: "acct-2", limit: 100)
        print(score ?? 0, some.count)
        try await running
    }

    /// Compiled only.
    private func others(_ application: StreamsApplication) throws {
        let views = try application.store(.window("views-per-minute", key: .string, value: .int64))
        for (startMs, count) in try views.fetch("/home", starting: 0...60_000) { print(startMs, count) }
        let visits = try application.store(.session("visits", key: .string, value: .int64))
        let latest = try visits.fetch("user-1", endingAtOrAfter: 3_600_000)
        let prices = try application.store(.versionedKeyValue("prices", key: .string, value: .double))
        let noon = try prices.get("apple", asOfMs: 43_200_000)
        print(latest.count, noon?.value ?? 0)
    }

    /// Compiled only.
    private func copies(_ application: StreamsApplication) throws {
        let scores = try application.store(
            .keyValue("risk-store", key: .string, value: .double).enableStaleStores())
        print(try scores.get("acct-1") ?? 0)
    }

    /// Compiled only.
    private func owner(_ application: StreamsApplication, _ account: String) async throws -> Double? {
        let owner = try application.metadata(ofKey: account, .string, in: "risk-store")
        if !owner.isHere, let address = owner.address { return try await ask(address, for: account) }
        return nil
    }

    private func ask(_ address: InstanceAddress, for account: String) async throws -> Double? { nil }

    /// Compiled only.
    private func restorations(_ configuration: inout StreamsConfiguration) {
        configuration.restoreListener = { event in
            if event.phase == .ended { print("\(event.store): \(event.restoredRecords) records") }
        }
    }

    @Test("a driver's handles read what has been piped")
    func driver() throws {
        let builder = StreamsBuilder()
        RiskScoreTopology().define(in: builder)
        let driver = try TopologyTestDriver(builder.build())
        let events = driver.inputTopic(RiskScoreTopology.events, key: .string, value: .json(RiskEvent.self))
        try events.pipe(key: "acct-1", value: RiskEvent(account: "acct-1", score: 0.7, timestampMs: 0))
        let scores = try driver.store(.keyValue("risk-store", key: .string, value: .double))
        #expect(try scores.get("acct-1") == 0.7)
    }
}
