import ClusterCore
import Millrace
import MillraceEngine

/// One run of a simulation. It decides which part moves next.
///
/// In the first phase records arrive, instances step and faults happen. Then the faults end, and the run continues until all
/// records are processed.
final class SimulationRun {
    private let simulation: Simulation
    private let topology: Topology
    private let records: [SimulatedRecord]
    private let world: SimulatedWorld
    private let instances: [SimulatedInstance]
    private let foreignMembers: ForeignMembers
    /// The expectations of queries; `nil` in a run without queries.
    private let reads: SimulatedReads?
    /// The reads that go from instance to instance; `nil` in a run without queries.
    private let routing: RoutedReads?
    private var written = 0
    /// The index of the last record that has waited for those before it.
    private var released = -1
    private var topicChanges: TopicChanges
    private var turns = 0
    private var lastWrittenTurn = 0
    private var depth = 0
    let indexes: SimulatedIndexes
    private static let applicationID = "app"

    init(_ simulation: Simulation, topology: Topology, records: [SimulatedRecord], seed: UInt64) throws {
        self.simulation = simulation
        self.topology = topology
        self.records = records
        topicChanges = TopicChanges(simulation)
        // The broker accepts no more metadata than the topology was said to need when it was built.
        let timeCounts = topology.subtopologies.map { topology.keptTimes(of: $0.nodes).count }
        world = SimulatedWorld(
            seed: seed, faults: simulation.faults, groupID: Self.applicationID,
            maxOffsetMetadataLength: OffsetMetadataSize.longest(timeCount: timeCounts.max() ?? 0))
        indexes = SimulatedIndexes(world: world, fault: simulation.plantedFault)
        world.indexes = indexes
        var setting = SimulatedInstance.Setting(
            topology: topology, applicationID: Self.applicationID, guarantee: simulation.guarantee,
            isStatic: world.random.chance(0.5),
            standbyReplicas: simulation.standbyReplicas ?? world.random.below(2),
            waitsForTopics: !simulation.topicChanges.isEmpty && world.random.chance(0.5),
            plantedFault: simulation.plantedFault)
        foreignMembers = try ForeignMembers(
            world: world, inputs: simulation.topics.keys.filter { !simulation.lateTopics.contains($0) }.sorted(),
            setting: setting)
        setting.isQueried = simulation.canBeQueried && world.random.chance(0.5)
        var reads: SimulatedReads?
        if setting.isQueried {
            let histories = try StoreHistories(topology, records: records, of: simulation)
            if !histories.partitions.isEmpty { reads = SimulatedReads(histories) }
        }
        self.reads = reads
        var instances: [SimulatedInstance] = []
        for number in 0..<simulation.instances {
            instances.append(
                SimulatedInstance(name: "instance-\(number)", world: world, setting: setting, reads: reads))
        }
        self.instances = instances
        if let reads {
            routing = RoutedReads(
                reads.histories, of: instances, topology: topology, world: world,
                plantedFault: simulation.plantedFault, seed: world.random.next())
        } else {
            routing = nil
        }
        world.interleave = { [unowned self] process in self.letOthersMove(while: process) }
        world.hold = { [unowned self] process, ms in self.hold(process, forMs: ms) }
    }

    func run(seed: UInt64, expecting expectation: SimulationExpectation) -> SimulationResult {
        var problems: [String] = []
        do {
            try createTopics()
            try turn()
            problems += foreignMembers.problemsOfAnotherTopology()
        } catch {
            problems.append("\(error)")
        }
        if problems.isEmpty { problems += expectation.compare(world.cluster, with: simulation, openTasks) }
        for instance in instances { instance.close() }
        if problems.isEmpty { problems += expectation.compare(world.cluster, with: simulation, []) }
        return SimulationResult(seed: seed, problems: world.violations + problems, trace: world.trace)
    }

    private var openTasks: [StreamTask] { instances.flatMap(\.workers).flatMap(\.openTasks) }

    private func createTopics() throws {
        for (name, count) in simulation.topics.sorted(by: { $0.key < $1.key })
        where !simulation.lateTopics.contains(name) {
            try create(name, partitionCount: min(count, topicChanges.firstCount(of: name)))
        }
        try foreignMembers.createTopics()
        world.settle()
    }

    private func create(_ topic: String, partitionCount: Int32) throws {
        _ = try world.cluster.createTopic(
            ClusterCore.NewTopic(topic, partitionCount: partitionCount), nowMs: world.clock.nowMs)
    }

    private func turn() throws {
        while true {
            turns += 1
            let heals = written == records.count && turns > max(200, lastWrittenTurn + 20)
            if heals {
                world.faults = .none
                for instance in instances { instance.resume() }
            }
            if turns > simulation.maxTurns {
                let troubles = instances.flatMap(\.workers).compactMap(\.status.trouble) + differingStandbys()
                throw SimulationError(
                    description: (["stuck: not done after \(turns) turns"] + troubles).joined(separator: "; "))
            }
            world.clock.advance(by: Int64(world.random.below(10)))
            world.settle()
            try write()
            injectFaults()
            world.runWaitingWork()
            instances[world.random.below(instances.count)].step()
            foreignMembers.step()
            if heals, turns % 20 == 0, isSettled(), isDone(), differingStandbys().isEmpty {
                if routing?.hasFinished() ?? true { return }
            }
        }
    }

    /// Puts the next few records into their topics.
    private func write() throws {
        guard written < records.count, world.random.chance(0.3) else { return }
        for record in records[written..<min(records.count, written + 1 + world.random.below(5))] {
            if record.waits, released != written {
                guard isDone() else { return }
                world.log("writer: all before record \(written) is processed")
                world.clock.advance(by: Simulation.waitMs)
                released = written
            }
            guard try topicChanges.allow(written, in: world, isDone: { isDone() }) else { return }
            if simulation.lateTopics.contains(record.topic), (try? world.cluster.describeTopic(record.topic)) == nil {
                try create(record.topic, partitionCount: simulation.topics[record.topic] ?? 1)
            }
            var batch = RecordBatchWriter()
            batch.append(key: record.key, value: record.value, timestampMs: record.timestampMs)
            _ = try world.cluster.produce(
                batch.finish(), to: ClusterCore.TopicPartition(record.topic, record.partition ?? 0),
                nowMs: world.clock.nowMs)
            world.settle()
            written += 1
            lastWrittenTurn = turns
        }
    }

    /// Injects the faults that hit instances and the broker between steps.
    private func injectFaults() {
        for instance in instances where !instance.isAlive && instance.restart <= world.clock.monotonic {
            instance.start()
        }
        if world.random.chance(world.faults.restarts) {
            instances[world.random.below(instances.count)].close()
        }
        if world.random.chance(world.faults.brokerRestarts) { world.restartBroker() }
        if world.random.chance(world.faults.pauses) { instances[world.random.below(instances.count)].pauseOrResume() }
        if world.random.chance(world.faults.workerChanges) {
            instances[world.random.below(instances.count)].addOrRemoveWorker()
        }
        query()
    }

    /// Continues routed reads, and reads a store of a random instance, even in the middle of a step.
    private func query() {
        routing?.step()
        guard reads != nil || simulation.checkReads != nil, world.random.chance(0.3) else { return }
        let instance = instances[world.random.below(instances.count)]
        let place = reads.map { $0.histories.partitions[world.random.below($0.histories.partitions.count)] }
        guard let localStores = instance.localStores, let process = instance.process else { return }
        if let place, let problem = reads?.read(place, of: process.name, in: localStores) { world.violate(problem) }
        if process.isRunning, let problem = simulation.checkReads?(SimulatedStoreViews(localStores)) {
            world.violate("\(process.name): \(problem)")
        }
    }

    /// Runs the other instances while a request of one instance, in the middle of its step, is under way.
    private func letOthersMove(while process: SimulatedProcess) {
        query()
        guard depth < 3 else { return }
        depth += 1
        defer { depth -= 1 }
        world.runWaitingWork()
        let others = instances.filter {
            !$0.isBusy && ($0.process !== process || world.worksInBackground) && $0.isAlive
        }
        guard !others.isEmpty else { return }
        others[world.random.below(others.count)].step()
    }

    /// Holds up a process while the others continue.
    private func hold(_ process: SimulatedProcess, forMs ms: Int64) {
        guard depth < 3 else { return }
        depth += 1
        defer { depth -= 1 }
        let end = world.clock.monotonic + TimeSpan(ms: ms)
        let isSuspended = routing?.suspend(process) ?? false
        defer { if isSuspended { routing?.resume(process) } }
        while world.clock.monotonic < end {
            world.clock.advance(by: Int64(50 + world.random.below(200)))
            world.settle()
            routing?.step()
            for other in instances where !other.isBusy && other.process !== process { other.step() }
        }
    }

    /// Whether all instances run, and every task has an owner.
    private func isSettled() -> Bool {
        guard
            instances.allSatisfy({ instance in
                !instance.workers.isEmpty && instance.workers.allSatisfy { $0.status.phase == .running }
            })
        else { return false }
        let open = openTasks.map(\.id)
        return Set(open).count == open.count && open.count == instances.first?.workers.first?.taskCount
    }

    /// The stores of standbys that differ from those of the active tasks.
    private func differingStandbys() -> [String] {
        let active = Dictionary(openTasks.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        return instances.flatMap { instance in
            instance.workers.flatMap(\.openStandbys).flatMap { standby in
                standby.stores.compactMap { store in
                    guard store.changelog != nil, store.plan.kind.isKeptInEngine, let task = active[standby.id],
                        !SimulationExpectation.matchesActive(store, of: standby, in: task)
                    else { return nil }
                    return "the standby of \(store.plan.name) of task \(standby.id) on \(instance.name) differs"
                }
            }
        }
    }

    /// Whether everything that can be read has been processed and committed, and the instances' global tables are up to date.
    private func isDone() -> Bool {
        guard instances.allSatisfy(\.hasReadGlobalTables) else { return false }
        let named = topology.subtopologies.filter { !$0.isGlobal }.flatMap(\.sourceTopics).map {
            $0.resolved(applicationID: Self.applicationID)
        }
        let inputs =
            named + topology.topics(matchedIn: world.cluster.listTopics().map(\.name), Self.applicationID)
        for topic in inputs {
            guard let partitions = stablePartitions(of: topic) else { return false }
            for (partition, offsets) in partitions {
                let committed = world.cluster.fetchOffsets(groupID: Self.applicationID, partitions: [partition])
                let next = max(committed.first?.offset.offset ?? 0, offsets.logStartOffset)
                if world.committedRecords(of: partition, from: next).first != nil { return false }
            }
        }
        // The transaction of a thread that was killed and has no successor stays open until its timeout, and hides all results
        // behind it.
        return simulation.outputs.allSatisfy { stablePartitions(of: $0) != nil }
    }

    /// The partitions of a topic with their offsets; `nil` while it does not exist or a transaction is open in it.
    private func stablePartitions(
        of topic: String
    ) -> [(partition: ClusterCore.TopicPartition, offsets: PartitionOffsets)]? {
        guard let description = try? world.cluster.describeTopic(topic) else { return nil }
        var partitions: [(partition: ClusterCore.TopicPartition, offsets: PartitionOffsets)] = []
        for number in 0..<description.partitionCount {
            let partition = ClusterCore.TopicPartition(topic, number)
            guard let offsets = try? world.cluster.offsets(of: partition),
                offsets.lastStableOffset == offsets.highWatermark
            else { return nil }
            partitions.append((partition, offsets))
        }
        return partitions
    }
}

/// An error that keeps a run from finishing.
struct SimulationError: Error, CustomStringConvertible {
    let description: String
}

extension SimulatedWorld {
    /// The offset after the last record of a topic that is written without transactions.
    func end(of partition: Millrace.TopicPartition) -> Int64? {
        (try? cluster.offsets(of: ClusterCore.TopicPartition(partition.topic, partition.partition)))?.highWatermark
    }

    func committedRecords(
        of partition: ClusterCore.TopicPartition, from offset: Int64
    ) -> [ClusterCore.Record] { cluster.committedRecords(of: partition, from: offset) }

    /// The committed records below an offset; `nil` if a transaction is open below it, or if compaction has removed some of them for
    /// others that come later.
    func committedRecords(of partition: Millrace.TopicPartition, below end: Int64) -> [ClusterCore.Record]? {
        let partition = ClusterCore.TopicPartition(partition)
        guard let offsets = try? cluster.offsets(of: partition), offsets.lastStableOffset >= end,
            cluster.compactedEnd(of: partition) <= end
        else { return nil }
        return committedRecords(of: partition, from: 0).filter { $0.offset < end }
    }

    /// Whether a reader sees records at some offsets; true if nobody can say.
    func hasRecords(
        in partition: Millrace.TopicPartition, at offsets: Range<Int64>, readsCommitted: Bool
    ) -> Bool {
        let partition = ClusterCore.TopicPartition(partition)
        let answer = try? cluster.fetch(
            partition, from: offsets.lowerBound, maxBytes: .max,
            isolation: readsCommitted ? .readCommitted : .readUncommitted)
        guard let answer else { return true }
        return CommittedRecords(answer, from: offsets.lowerBound).contains { offsets.contains($0.offset) }
    }
}

extension Cluster {
    /// The records of a partition that a reader of committed records sees.
    func committedRecords(of partition: ClusterCore.TopicPartition, from offset: Int64) -> [ClusterCore.Record] {
        guard let answer = try? fetch(partition, from: offset, maxBytes: .max, isolation: .readCommitted) else {
            return []
        }
        return Array(CommittedRecords(answer, from: offset))
    }
}
