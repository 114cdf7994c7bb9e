import ClusterCore
import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import RiskScore
import TestSupport
import Testing

/// A broker in this process into which a test injects faults. The real client reaches it over TCP. It has risk events, and proves
/// their results.
struct FaultyBroker {
    let broker: EmbeddedBroker
    let cluster: TestCluster
    let application = TestCluster.uniqueName("risk")
    private let data: TestDirectory
    static let partitions: Int32 = 4

    /// Runs the body with a broker that keeps its data on disk, and stops it afterwards.
    static func with(_ body: (FaultyBroker) async throws -> Void) async throws {
        let data = try TestDirectory()
        var configuration = EmbeddedBrokerConfiguration()
        configuration.dataDirectory = data.path
        configuration.logger = quiet
        // Sessions are so short that they can end during a test.
        configuration.cluster.minSessionTimeoutMs = 1_000
        configuration.topics = [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts].map {
            NewTopic($0, partitionCount: partitions, configs: ["retention.ms": "-1"])
        }
        let broker = try await EmbeddedBroker.start(configuration)
        do {
            try await body(FaultyBroker(broker: broker, data: data))
        } catch {
            try? await broker.stop()
            throw error
        }
        try await broker.stop()
    }

    private init(broker: EmbeddedBroker, data: TestDirectory) {
        self.broker = broker
        self.data = data
        cluster = TestCluster(bootstrapServers: broker.bootstrapServers)
    }

    // MARK: The application

    /// The configuration of an instance of the risk score whose transactions stay open for half a second, so that a test finds
    /// them open.
    func configuration(_ directory: TestDirectory) -> StreamsConfiguration {
        var configuration = cluster.configuration(application, directory)
        configuration.commitInterval = .milliseconds(500)
        configuration.transactionTimeout = .seconds(4)
        configuration.clientSettings.consumer["session.timeout.ms"] = "3000"
        // librdkafka's 10 s would be most of a test's time.
        configuration.clientSettings.common["reconnect.backoff.max.ms"] = "200"
        return configuration
    }

    func startInstance(_ directory: TestDirectory) throws -> RunningInstance {
        try RunningInstance(configuration(directory)) { RiskScoreTopology().define(in: $0) }
    }

    /// Writes events of 20 accounts, with different scores in each call.
    func writeEvents(_ count: Int, round: Int = 0) throws {
        let events = try (0..<count).map { number in
            let event = RiskEvent(
                account: "acct-\(number % 20)", score: Double((number + round * 31) * 7_919 % 1_000) / 1_000,
                timestampMs: 1_000 + Int64(number))
            return TestRecord(
                key: event.account, value: String(decoding: try JSONEncoder().encode(event), as: UTF8.self))
        }
        try cluster.write(events, to: RiskScoreTopology.events)
    }

    // MARK: Waiting

    /// Waits until the application has an open transaction with records in it.
    func awaitTransaction() async throws {
        try await wait("an open transaction") {
            !$0.isEmpty
        } of: {
            let open = try await broker.openTransactions().filter { !$0.partitions.isEmpty }
            // The events that were written may all be committed before anybody looks, so there have to be more and more.
            if open.isEmpty { try writeEvents(20, round: 50) }
            return open
        }
    }

    /// Waits until all injected faults have happened.
    func awaitFaults() async throws {
        try await wait("the faults") {
            $0 == 0
        } of: {
            let faults = try await broker.faultsToCome()
            // The current transaction may have made its last request of the kind, and include these events, so only more and more
            // events make more requests.
            if faults > 0 { try writeEvents(20, round: 50) }
            return faults
        }
    }

    /// Waits until as many scores are committed as there are events; if that does not happen, reports the instance's state.
    func awaitScores(of instance: RunningInstance) async throws {
        let events = try cluster.read(RiskScoreTopology.events).count
        do {
            try await eventually("\(events) scores") {
                try cluster.read(RiskScoreTopology.scores).count >= events
            }
        } catch {
            let open = try await broker.openTransactions()
            Issue.record("\(instance.application.state), \(instance.metrics), \(open), \(instance.log.warnings)")
            throw error
        }
    }

    private func wait<Value>(
        _ what: String, _ condition: (Value) -> Bool, of value: () async throws -> Value
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while !condition(try await value()) {
            guard ContinuousClock.now < deadline else { throw DeadlinePassed(what) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    // MARK: The proof

    /// Recomputes all scores from the events and compares them: each account has one score for each event, in order, each the
    /// highest so far, and the changelog has the last of them.
    func expectExactScores(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var expected: [String: [Double]] = [:]
        for record in try cluster.read(RiskScoreTopology.events) {
            let event = try JSONDecoder().decode(RiskEvent.self, from: Data(record.value ?? []))
            expected[event.account, default: []].append(max(expected[event.account]?.last ?? 0, event.score))
        }
        var found: [String: [Double]] = [:]
        for record in try cluster.read(RiskScoreTopology.scores) {
            found[record.key ?? "", default: []].append(record.double ?? -1)
        }
        var state: [String: Double] = [:]
        for record in try cluster.read("\(application)-\(RiskScoreTopology.store)-changelog") {
            state[record.key ?? ""] = record.double
        }
        let wrong = Set(expected.keys).union(found.keys).filter { expected[$0] != found[$0] }.sorted()
        #expect(expected.count == 20, sourceLocation: sourceLocation)
        #expect(wrong.isEmpty, "\(wrong.count) accounts are wrong", sourceLocation: sourceLocation)
        for account in wrong.prefix(3) {
            #expect(found[account] == expected[account], "\(account)", sourceLocation: sourceLocation)
        }
        #expect(state == expected.compactMapValues(\.last), sourceLocation: sourceLocation)
    }
}
