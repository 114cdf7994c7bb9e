import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Worker: queries")
struct WorkerQueryTests {
    private let input = TopicPartition(topic: "in", partition: 0)

    private func counts(_ fixture: WorkerFixture) throws -> QueryableKeyValueStore<String, Int64> {
        try fixture.localStores.view(.keyValue("counts", key: .string, value: .int64))
    }

    private func code(_ body: () throws -> Int64?) -> StreamsError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? StreamsError)?.code
        }
    }

    @Test("only committed values are read", arguments: [false, true])
    func committed(isWantedBefore: Bool) throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        var store = isWantedBefore ? try counts(fixture) : nil
        #expect(code { try counts(fixture).get("k") } == .storeUnavailable)
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.steps(until: "two") { fixture.worker.status.counts.processed == 2 }
        store = try counts(fixture)
        if isWantedBefore { #expect(try store?.get("k") == nil) }
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        try fixture.step()
        #expect(try store?.get("k") == 2)
        // The commit fails, so the count is lost.
        fixture.cluster.errors["commit transaction"] = [PortError(.abortable, "aborted")]
        fixture.cluster.write(["c"], to: "in")
        try fixture.steps(until: "the abort") { fixture.cluster.count("abort") == 1 }
        #expect([nil, 2].contains(try? store?.get("k")))
        try fixture.steps(until: "the next commit") { fixture.worker.status.commits == 2 }
        #expect(try store?.get("k") == 3)
        #expect(try store?.entries().map(\.value) == [3])
    }

    @Test("a store that is first queried while records arrive is readable from the next commit, which comes at once")
    func wantedLater() throws {
        let fixture = try WorkerFixture(configure: { $0.commitIntervalMs = 1_000_000 }, FakeTopology.count)
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.cluster.write(["a"], to: "in")
        try fixture.steps(until: "one") { fixture.worker.status.counts.processed == 1 }
        let store = try counts(fixture)
        #expect(code { try store.get("k") } == .storeUnavailable)
        try fixture.step()
        try fixture.step()
        #expect(try store.get("k") == 1)
    }

    @Test("a worker that was delayed while others advanced its task rejoins before anything is read")
    func heldUp() throws {
        let cluster = FakeCluster()
        let fixture = try WorkerFixture(cluster: cluster, FakeTopology.count)
        try fixture.start()
        try fixture.stepsUntilRunning()
        // Another member has the task now, and this one does not know yet.
        cluster.committed[input] = CommittedOffset(offset: 7, metadata: "")
        let subscriptions = cluster.count("subscribe")
        let store = try counts(fixture)
        try fixture.step()
        #expect(code { try store.get("k") } == .storeElsewhere)
        try fixture.steps(until: "a new subscription") { cluster.count("subscribe") > subscriptions }
        fixture.rebalance()
        try fixture.stepsUntilRunning()
        try fixture.steps(until: "a read") { code { try store.get("k") } == nil }
    }

    @Test("a store that is being restored cannot be read, nor one that is elsewhere")
    func notThere() throws {
        let cluster = FakeCluster()
        cluster.write(["1", "2", "3"], to: "app-counts-changelog", partition: 0)
        cluster.group = GroupDescription(
            isStable: true,
            members: [
                GroupMember(memberID: "me", clientID: "a"), GroupMember(memberID: "you", clientID: "b@there:80"),
            ])
        let fixture = try WorkerFixture(cluster: cluster, topics: ["in": 2], FakeTopology.count)
        let store = try counts(fixture)
        fixture.restorer.silent = [
            TopicPartition(topic: "app-counts-changelog", partition: 0),
            TopicPartition(topic: "app-counts-changelog", partition: 1),
        ]
        try fixture.start()
        try fixture.steps(until: "restoring") { fixture.worker.status.phase == .restoring }
        let keys = (0..<20).map { "k\($0)" }
        let owners = try keys.map { try fixture.localStores.metadata(of: $0, .string, in: "counts") }
        #expect(Set(owners.map(\.isHere)) == [true, false])
        for (key, owner) in zip(keys, owners) {
            #expect(owner.address == (owner.isHere ? nil : InstanceAddress(host: "there", port: 80)))
            #expect(code { try store.get(key) } == (owner.isHere ? .storeUnavailable : .storeElsewhere))
        }
        #expect(throws: StreamsError.self) { try store.entries() }
        fixture.restorer.silent = []
        try fixture.stepsUntilRunning()
        for (key, owner) in zip(keys, owners) {
            #expect(code { try store.get(key) } == (owner.isHere ? nil : .storeElsewhere))
        }
        _ = try store.entries()
        #expect(fixture.localStores.instances.map(\.address) == [nil, InstanceAddress(host: "there", port: 80)])
        #expect(fixture.localStores.instances.allSatisfy { $0.stores == ["counts"] && $0.partitions.count == 1 })
    }

    @Test("reads continue while the group rebalances; they fail while the task is away")
    func rebalance() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        let store = try counts(fixture)
        fixture.cluster.write(["a"], to: "in")
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        fixture.consumer.membershipEvents = [.revoked([input])]
        try fixture.step()
        #expect(try store.get("k") == 1)
        fixture.rebalance()
        try fixture.stepsUntilRunning()
        #expect(try store.get("k") == 1)
        fixture.consumer.membershipEvents = [.lost([input])]
        try fixture.step()
        #expect(code { try store.get("k") } == .storeElsewhere)
        fixture.rebalance()
        try fixture.stepsUntilRunning()
        #expect(try store.get("k") == 1)
        fixture.localStores.end()
        #expect(code { try store.get("k") } == .illegalState)
    }

    @Test("a store's name, kind and types have to match the topology")
    func mismatch() throws {
        let stores = try WorkerFixture(FakeTopology.count).localStores
        func code(_ body: () throws -> Void) -> StreamsError.Code? {
            do {
                try body()
                return nil
            } catch {
                return (error as? StreamsError)?.code
            }
        }
        #expect(code { _ = try stores.view(.keyValue("count", key: .string, value: .int64)) } == .storeUnknown)
        #expect(code { _ = try stores.view(.window("counts", key: .string, value: .int64)) } == .storeMismatch)
        #expect(code { _ = try stores.view(.session("counts", key: .string, value: .int64)) } == .storeMismatch)
        #expect(
            code { _ = try stores.view(.versionedKeyValue("counts", key: .string, value: .int64)) } == .storeMismatch)
        #expect(code { _ = try stores.view(.keyValue("counts", key: .string, value: .string)) } == .storeMismatch)
        #expect(code { _ = try stores.view(.keyValue("counts", key: .int64, value: .int64)) } == .storeMismatch)
        #expect(code { _ = try stores.view(.timestampedKeyValue("counts", key: .string, value: .int64)) } == nil)
    }
}
