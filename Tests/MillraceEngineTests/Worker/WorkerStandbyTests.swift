import Millrace
import MillraceEngine
import MillraceTesting
import Synchronization
import Testing

@Suite("Worker: standbys")
struct WorkerStandbyTests {
    private static let me = GroupMember(memberID: "me", clientID: "a")
    private static let other = GroupMember(memberID: "other", clientID: "b@host:1")
    private static let tasks = (0..<4).map { TaskID(subtopology: 0, partition: $0) }
    /// A task of the other member, while there is one.
    private let theirs: TaskID
    private let changelog: TopicPartition

    init() throws {
        let assignment = TaskAssignor.assign(Self.tasks, to: [Self.me, Self.other])
        theirs = try #require(assignment["other"]?.first)
        changelog = TopicPartition(topic: "app-counts-changelog", partition: theirs.partition)
    }

    /// Makes two members in a group that counts, with one standby for each store.
    private func fixture(
        inMemory: Bool = false, directory: MemoryStateDirectory = MemoryStateDirectory(),
        configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws -> WorkerFixture {
        let builder = StreamsBuilder()
        let store = Materialized<String, Int64>.store("counts").withoutCache()
        builder.stream("in", key: .string, value: .string).groupByKey()
            .count(into: inMemory ? store.inMemory() : store).toStream().to("out")
        let fixture = try WorkerFixture(topology: builder.build(), directory: directory, topics: ["in": 4]) {
            $0.standbyReplicas = 1
            configure(&$0)
        }
        fixture.cluster.group = GroupDescription(isStable: true, members: [Self.me, Self.other])
        return fixture
    }

    private func count(_ fixture: WorkerFixture, isAs expected: String?) throws -> Bool {
        guard let standby = fixture.worker.openStandbys.first(where: { $0.id == theirs }) else { return false }
        var found: String?
        try Array("k".utf8).withUnsafeBytes { key in
            try standby.store(named: "counts")?.bytes?.withValue(forKey: key) { value in
                found = value.map { String(Int64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: Int64.self))) }
            }
        }
        return found == expected
    }

    private func write(_ values: [String], _ fixture: WorkerFixture) {
        fixture.cluster.write(values, to: changelog.topic, partition: changelog.partition)
    }

    /// The other member leaves, and its tasks become this one's.
    private func takeOver(_ fixture: WorkerFixture) throws {
        let partitions = fixture.plan.inputs.values.flatMap { $0 }
        fixture.consumer.membershipEvents = [.revoked(partitions)]
        try fixture.step()
        fixture.cluster.group = GroupDescription(isStable: true, members: [Self.me])
        fixture.rebalance()
        try fixture.steps(until: "all tasks") { fixture.worker.status.tasks.count == 4 }
        try fixture.stepsUntilRunning()
    }

    @Test("a standby follows the changelogs of others' tasks, and processes nothing")
    func follows() throws {
        let fixture = try fixture()
        write(["1", "2"], fixture)
        try fixture.start()
        try fixture.steps(until: "the second count") { try count(fixture, isAs: "2") }
        write(["3"], fixture)
        try fixture.steps(until: "the third count") { try count(fixture, isAs: "3") }
        #expect(fixture.worker.status.standbyTasks.contains(theirs))
        #expect(fixture.worker.status.phase == .running)
        #expect(fixture.worker.status.counts.updated == 3)
        #expect(fixture.worker.status.counts.restored == 0)
        #expect(fixture.cluster.values("out").isEmpty)
        try fixture.steps(until: "the lag") {
            fixture.worker.status.storeLags.first { $0.partition == theirs.partition }?.lag == 0
        }
    }

    @Test("without standby replicas no changelog is followed")
    func none() throws {
        let fixture = try fixture(configure: { $0.standbyReplicas = 0 })
        write(["1", "2"], fixture)
        try fixture.start()
        try fixture.stepsUntilRunning()
        #expect(fixture.worker.openStandbys.isEmpty)
        #expect(fixture.cluster.count("standby poll") == 0)
    }

    @Test("a task that is taken over continues from its standby: only new records are read", arguments: [false, true])
    func takesOver(inMemory: Bool) throws {
        let fixture = try fixture(inMemory: inMemory)
        write((1...50).map(String.init), fixture)
        try fixture.start()
        try fixture.steps(until: "the count") { try count(fixture, isAs: "50") }
        // A record that the standby has not seen yet.
        fixture.standbyReader.silent = [changelog]
        write(["51", "52"], fixture)
        fixture.cluster.write(["next"], to: "in", partition: theirs.partition)
        let partitions = fixture.plan.inputs.values.flatMap { $0 }
        fixture.consumer.membershipEvents = [.revoked(partitions)]
        try fixture.step()
        try takeOver(fixture)
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["53"] }
        #expect(fixture.worker.status.counts.restored == 2)
        #expect(fixture.worker.openStandbys.isEmpty)
    }

    @Test("a standby survives an aborted transaction")
    func outlivesAborts() throws {
        let fixture = try fixture()
        write(["1"], fixture)
        try fixture.start()
        try fixture.steps(until: "the count") { try count(fixture, isAs: "1") }
        let before = fixture.worker.openStandbys.first { $0.id == theirs }
        let own = try #require(fixture.worker.status.tasks.first)
        fixture.cluster.errors["commit transaction"] = [PortError(.abortable, "aborted")]
        fixture.cluster.write(["x"], to: "in", partition: own.partition)
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["1"] }
        #expect(fixture.cluster.count("abort") == 1)
        #expect(fixture.worker.openStandbys.first { $0.id == theirs } === before)
        write(["2"], fixture)
        try fixture.steps(until: "the second count") { try count(fixture, isAs: "2") }
    }

    @Test("a standby is flushed when its member leaves, and continues from there")
    func writtenDown() throws {
        let directory = MemoryStateDirectory()
        let fixture = try fixture(directory: directory)
        write(["1", "2"], fixture)
        try fixture.start()
        try fixture.steps(until: "the count") { try count(fixture, isAs: "2") }
        try fixture.worker.close()
        directory.crash()
        #expect(try fixture.stored(FakeTopology.countsStore, of: theirs).entries == ["k": "2"])
    }

    @Test("a folder that another worker of the process still has is awaited, while everything else continues")
    func lockedFolder() throws {
        let directory = MemoryStateDirectory()
        try directory.lock(theirs)
        let fixture = try fixture(directory: directory)
        write(["1"], fixture)
        try fixture.start()
        let own = try #require(TaskAssignor.assign(Self.tasks, to: [Self.me, Self.other])["me"]?.first)
        fixture.cluster.write(["x"], to: "in", partition: own.partition)
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["1"] }
        #expect(!fixture.worker.openStandbys.contains { $0.id == theirs })
        directory.unlock(theirs)
        try fixture.steps(until: "the count") { try count(fixture, isAs: "1") }
    }

    @Test("a source topic that serves as a changelog is followed only as far as its active task has committed")
    func sourceTopic() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .int64, into: .store("counts")).toStream().to("out")
        let topology = try builder.build(optimization: .all)
        let fixture = try WorkerFixture(
            topology: topology, topics: ["in": 4], configure: { $0.standbyReplicas = 1 })
        fixture.cluster.group = GroupDescription(isStable: true, members: [Self.me, Self.other])
        let input = TopicPartition(topic: "in", partition: theirs.partition)
        fixture.cluster.write(["1", "2", "3"], to: "in", partition: theirs.partition)
        fixture.cluster.committed[input] = CommittedOffset(offset: 1, metadata: "")
        try fixture.start()
        try fixture.steps(until: "the first") { try count(fixture, isAs: "1") }
        fixture.cluster.nowMs += 5_000
        try fixture.step()
        #expect(try count(fixture, isAs: "1"))
        fixture.cluster.committed[input] = CommittedOffset(offset: 3, metadata: "")
        try fixture.steps(until: "the third") { try count(fixture, isAs: "3") }
    }

    @Test("a standby misses nothing when its changelog cannot be paused")
    func failingPause() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .int64, into: .store("counts")).toStream().to("out")
        let topology = try builder.build(optimization: .all)
        let fixture = try WorkerFixture(topology: topology, topics: ["in": 4], configure: { $0.standbyReplicas = 1 })
        fixture.cluster.group = GroupDescription(isStable: true, members: [Self.me, Self.other])
        let input = TopicPartition(topic: "in", partition: theirs.partition)
        fixture.cluster.write((1...1_500).map(String.init), to: "in", partition: theirs.partition)
        fixture.cluster.committed[input] = CommittedOffset(offset: 1, metadata: "")
        fixture.cluster.errors["standby pause"] = [PortError(.retriable, "no answer")]
        try fixture.start()
        try fixture.steps(until: "the first") { try count(fixture, isAs: "1") }
        try fixture.steps(until: "the pause") { fixture.standbyReader.paused == [input] }
        #expect(fixture.cluster.count("standby pause") == 2)
        fixture.cluster.committed[input] = CommittedOffset(offset: 1_400, metadata: "")
        try fixture.steps(until: "the last committed") { try count(fixture, isAs: "1400") }
        #expect(fixture.standbyReader.paused.isEmpty)
    }

    @Test("a standby whose changelog offset is gone is restored from the beginning")
    func changelogGone() throws {
        let fixture = try fixture()
        write(["1", "2"], fixture)
        try fixture.start()
        try fixture.steps(until: "the count") { try count(fixture, isAs: "2") }
        fixture.standbyReader.events = (0..<10).map { .offsetOutOfRange(slot: $0) }
        try fixture.step()
        #expect(try count(fixture, isAs: nil))
        try fixture.steps(until: "the count") { try count(fixture, isAs: "2") }
    }

    @Test("a listener is told when a standby begins, advances and ends")
    func listener() throws {
        let phases = Mutex<[RestoreEvent.Phase]>([])
        let changelog = changelog
        let fixture = try fixture(configure: { configuration in
            configuration.standbyListener = { event in
                if event.changelog == changelog { phases.withLock { $0.append(event.phase) } }
            }
        })
        write(["1", "2"], fixture)
        try fixture.start()
        try fixture.steps(until: "the count") { try count(fixture, isAs: "2") }
        try takeOver(fixture)
        #expect(phases.withLock { $0 } == [.started, .batch, .suspended])
    }

    // MARK: Queries

    private func code(_ body: () throws -> Int64?) -> StreamsError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? StreamsError)?.code
        }
    }

    @Test(
        "queries for stale stores read standbys, also while they are taken over", arguments: [false, true])
    func staleReads(inMemory: Bool) throws {
        let fixture = try fixture(inMemory: inMemory)
        let query = StoreQuery.keyValue("counts", key: .string, value: .int64).partition(theirs.partition)
        let strict = try fixture.localStores.view(query)
        let stale = try fixture.localStores.view(query.enableStaleStores())
        write(["1", "2"], fixture)
        try fixture.start()
        try fixture.steps(until: "the count") { (try? stale.get("k")) == 2 }
        #expect(code { try strict.get("k") } == .storeElsewhere)
        write(["3"], fixture)
        try fixture.steps(until: "the next count") { try stale.get("k") == 3 }
        #expect(try stale.entries().map(\.value) == [3])

        fixture.restorer.silent = [changelog]
        fixture.consumer.membershipEvents = [.revoked(fixture.plan.inputs.values.flatMap { $0 })]
        try fixture.step()
        fixture.cluster.group = GroupDescription(isStable: true, members: [Self.me])
        fixture.rebalance()
        try fixture.steps(until: "all tasks") { fixture.worker.status.tasks.count == 4 }
        #expect(code { try strict.get("k") } == .storeUnavailable)
        #expect(try stale.get("k") == 3)
        fixture.restorer.silent = []
        try fixture.stepsUntilRunning()
        fixture.cluster.write(["x"], to: "in", partition: theirs.partition)
        try fixture.steps(until: "the next count") { (try? strict.get("k")) == 4 }
        #expect(try stale.get("k") == 4)
    }

    @Test("the places of standbys can be queried")
    func metadata() throws {
        let fixture = try fixture()
        try fixture.start()
        try fixture.stepsUntilRunning()
        let placed = fixture.localStores.instances
        let others = try #require(placed.first { $0.address == InstanceAddress(host: "host", port: 1) })
        #expect(others.standbyStores == ["counts"])
        #expect(others.partitions.count + others.standbyPartitions.count == 4)
        let keys = (0..<20).map { "key-\($0)" }
        let metadata = try keys.map { try fixture.localStores.metadata(of: $0, .string, in: "counts") }
        for found in metadata where found.isHere {
            #expect(found.standbyAddresses == [InstanceAddress(host: "host", port: 1)])
        }
        #expect(Set(metadata.map(\.isHere)) == [true, false])
    }
}
