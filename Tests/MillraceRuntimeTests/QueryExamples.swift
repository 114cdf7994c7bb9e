import Millrace
import MillraceRuntime
import MillraceTesting
import RiskScore
import Testing

/// The examples of docs/queries.md and of the comments of queries, unchanged.
@Suite("Examples in the documentation of queries")
struct QueryExamples {
    /// Compiled only: it would run until it is told to stop.
    private func points(_ topology: Topology, _ configuration: StreamsConfiguration) async throws {
        let application = StreamsApplication(topology, configuration: configuration)
        let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
        async let running: Void = application.run()
        let score = try scores.get("acct-1")
        let some = try scores.entries(from: "acct-1", through: "acct-2", limit: 100)
        let count = try scores.count()
        print(score ?? 0, some.count, count)
        try await running
    }

    /// Compiled only.
    private func others(_ application: StreamsApplication) throws {
        let views = try application.store(.window("views-per-minute", key: .string, value: .int64))
        for (startMs, count) in try views.fetch("/home", starting: 0...60_000) { print(startMs, count) }
        let pages = try views.fetchAll(from: "/a", through: "/m", limit: 100)
        let visits = try application.store(.session("visits", key: .string, value: .int64))
        let latest = try visits.fetch("user-1", endingAtOrAfter: 3_600_000)
        let all = try visits.fetchAll(ending: 0...3_600_000)
        let prices = try application.store(.versionedKeyValue("prices", key: .string, value: .double))
        let noon = try prices.get("apple", asOfMs: 43_200_000)
        let versions = try prices.versions(of: "apple", newestFirst: true)
        print(pages.count, latest.count, all.count, noon?.value ?? 0, versions.count)
    }

    /// Compiled only.
    private func queries(_ application: StreamsApplication) throws {
        let counts = try application.store(.timestampedKeyValue("counts", key: .string, value: .int64))
        let views = try application.store(.window("views-per-minute", key: .string, value: .int64))
        let timed = try application.store(.timestampedWindow("views-per-minute", key: .string, value: .int64))
        let visits = try application.store(.session("visits", key: .string, value: .int64))
        let prices = try application.store(.versionedKeyValue("prices", key: .string, value: .double))
        let third = try application.store(.keyValue("counts", key: .string, value: .int64).partition(3))
        let stale = try application.store(.keyValue("counts", key: .string, value: .int64).enableStaleStores())
        print(counts, views, timed, visits, prices, third, stale)
    }

    /// Compiled only.
    private func instances(_ application: StreamsApplication) async throws {
        let scores = try await application.readableStore(.keyValue("risk-store", key: .string, value: .double))
        print(try scores.count())
        for instance in application.instances { print(instance.address ?? "no address", instance.stores) }
        let owners = application.instances(having: "risk-store")
        if owners.isEmpty { application.shutdown() }
    }

    @Test("the example with a configuration runs")
    func configuration() {
        var configuration = StreamsConfiguration(
            applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk")
        configuration.threads = 2
        for problem in configuration.problems() { print(problem) }
        #expect(configuration.problems().isEmpty)
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
    private func positions(
        _ totals: QueryableKeyValueStore<String, Double>, _ views: QueryableWindowStore<String, Int64>,
        _ visits: QueryableSessionStore<String, Int64>, _ prices: QueryableVersionedStore<String, Double>
    ) async throws {
        let written = Position(after: TopicPartition(topic: "payments", partition: 3), offset: 41)
        let total = try await totals.read(reaching: written, within: .seconds(2)) { try $0.get("acct-1") }
        let scores = totals
        let score = try await scores.read(reaching: written, within: .seconds(2)) { try $0.get("acct-1") }
        print(score.value ?? 0, score.position)
        let both = try await scores.read { store in [try store.get("acct-1"), try store.get("acct-2")] }
        let counts = try await views.read(reaching: written) {
            try $0.fetch("/home", starting: 0...60_000).map(\.value)
        }
        let count = try await visits.read(reaching: written) { try $0.fetch("user-1").count }
        let noon = try await prices.read(reaching: written) { try $0.get("apple", asOfMs: 43_200_000)?.value }
        print(total.position, both, counts, count, noon)
    }

    /// Compiled only.
    private func commits(
        _ scores: QueryableKeyValueStore<String, Double>, _ views: QueryableWindowStore<String, Int64>,
        _ visits: QueryableSessionStore<String, Int64>, _ prices: QueryableVersionedStore<String, Double>
    ) throws {
        let total = try scores.readCommit { try $0.entries().reduce(0) { $0 + $1.value } }
        let opened = try views.readCommit { try $0.fetchAll(limit: 100).count }
        let open = try visits.readCommit { try $0.fetchAll(limit: 100).count }
        let change = try prices.readCommit { try $0.versions(of: "apple").count }
        print(total, opened, open, change)
    }

    /// Compiled only.
    private func late(_ scores: QueryableKeyValueStore<String, Double>, _ written: Position) async throws -> Double? {
        do {
            return try await scores.read(reaching: written, within: .seconds(2)) { try $0.get("acct-1") }.value
        } catch let error as StreamsError where error.code == .positionNotReached {
            print("only at \(error.position ?? Position())")
            return nil
        }
    }

    /// Compiled only.
    private func catalogue(_ application: StreamsApplication, _ written: Position) async throws {
        for store in application.stores { print(store.name, store.kind.rawValue, store.key?.name ?? "-") }
        let store = try application.store(.bytes("views-per-minute"))
        let key = try store.key(from: "/home")
        let found = try await store.read(reaching: written) { try $0.windows(of: key, starting: 0...3_600_000) }
        for entry in found.value { print(store.json(of: entry)) }
    }

    /// Compiled only.
    private func bytes(_ application: StreamsApplication) throws {
        let store = try application.store(.bytes("risk-store"))
        print(store.kind)
    }

    final class Vectors: QueryableStateStore {
        private let context: StateStoreContext
        private var vectors: [String: [Float]] = [:]

        init(_ context: StateStoreContext) { self.context = context }

        func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
            vectors[String(decoding: key, as: UTF8.self)] = value.map { Array($0.bindMemory(to: Float.self)) }
        }

        func removeAll() { vectors = [:] }

        struct View: Sendable {
            let vectors: [String: [Float]]
            func nearest(to vector: [Float]) -> String? {
                vectors.min { distance($0.value, vector) < distance($1.value, vector) }?.key
            }
        }

        func makeView() -> View { View(vectors: vectors) }
    }

    /// Compiled only.
    private func custom(_ application: StreamsApplication, _ written: Position) async throws {
        let vectors = try application.store(.custom("vectors", Vectors.self))
        let answers = try await vectors.read(reaching: written) { try $0.views().map { $0.nearest(to: [1, 0]) } }
        print(answers.value)
    }

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

private func distance(_ one: [Float], _ other: [Float]) -> Float {
    zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
}
