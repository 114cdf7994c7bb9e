package import Logging
package import Millrace

/// The ports of an instance's global tables.
package struct GlobalTablePorts {
    package var consumer: any ReaderPort
    package var provider: (any StoreProvider)?
    package var clock: any WallClock
    package var lock: any StoreLock
    /// Reports changes of the topics; without one they are assumed not to change.
    package var admin: (any AdminPort)?
    /// The registry in which queries find the stores; `nil` if there are no queries.
    package var localStores: LocalStores?

    package init(
        consumer: any ReaderPort, provider: (any StoreProvider)?, clock: any WallClock, lock: any StoreLock,
        admin: (any AdminPort)? = nil
    ) {
        self.admin = admin
        self.consumer = consumer
        self.provider = provider
        self.clock = clock
        self.lock = lock
    }
}

/// The settings of an instance's global tables. All times in milliseconds.
package struct GlobalTableConfiguration: Sendable {
    package var task: TaskConfiguration
    /// The time between two checkpoints, which bounds how much a restart has to read again.
    package var checkpointIntervalMs: Int64 = 10_000
    package var maxRecordsPerStep = 1_000
    /// The time between two looks at the topics.
    package var topicCheckIntervalMs: Int64 = 300_000
    /// Whether the tables wait for a missing topic; otherwise they end with an error.
    package var waitsForTopics = false

    package init(task: TaskConfiguration) { self.task = task }
}

/// The global stores of an instance: those of global tables and those with custom processors. It reads all partitions of their
/// topics into stores that all tasks read.
///
/// Its owner calls `step` repeatedly from one thread. Before `isComplete` some of the topics' initial content is missing, and no
/// task may run. The tables' operators process the records, in a task outside the group. Restoring uses them too: processors see
/// every record, as in Kafka Streams since 3.8 (KAFKA-7663). Kafka: `GlobalStreamThread`, `GlobalStateUpdateTask`.
package final class GlobalTables {
    /// The stores by name.
    package let stores: [String: GlobalStore]
    let task: StreamTask
    let configuration: GlobalTableConfiguration
    let ports: GlobalTablePorts
    let logger: Logger
    /// The partitions; a partition's index is its slot.
    var partitions: [TopicPartition]
    let storeOfTopic: [String: GlobalStore]
    /// The position of each slot's partition in its store; `nil` if nothing of it is there.
    var positions: [Int64?]
    /// The slots whose initial end has not been reached yet.
    private var lagging: Set<Int>
    var isAssigned = false
    var topics = GlobalTopics()
    private var retry = Backoff()
    /// The number of requests to query stores that have been met.
    private var followedWishes = 0
    /// Whether the operators of all tasks can read the stores' indexes.
    private var areIndexesFollowed = false
    private var lastCheckpoint: Moment

    /// Opens the stores.
    ///
    /// - Parameter partitions: all partitions of the global tables' topics.
    package init(
        topology: Topology, partitions: [TopicPartition], configuration: GlobalTableConfiguration,
        ports: GlobalTablePorts, logger: Logger
    ) throws {
        self.configuration = configuration
        self.ports = ports
        self.logger = logger
        self.partitions = partitions
        lagging = Set(partitions.indices)
        positions = Array(repeating: nil, count: partitions.count)
        lastCheckpoint = ports.clock.monotonic
        topics.lastCheck = TopicCheck(at: ports.clock, every: TimeSpan(ms: configuration.topicCheckIntervalMs))
        let subtopologies = topology.subtopologies.filter(\.isGlobal)
        (stores, storeOfTopic) = try Self.open(subtopologies, configuration: configuration, ports: ports)
        do {
            task = try StreamTask(
                id: .global, topology: topology, nodes: subtopologies.flatMap(\.nodes), stores: [],
                globalStores: stores, partitions: partitions, configuration: configuration.task,
                producer: NoSender(), provider: nil, clock: ports.clock, logger: logger)
            for (slot, partition) in partitions.enumerated() {
                positions[slot] = try storeOfTopic[partition.topic]?.positions()[partition.partition]
            }
            for store in stores.values { try store.beginIndexes(at: position(of: store)) }
        } catch {
            for store in stores.values { try store.close() }
            ports.provider?.unlock(.global)
            throw error
        }
    }

    private static func open(
        _ subtopologies: [Topology.Subtopology], configuration: GlobalTableConfiguration, ports: GlobalTablePorts
    ) throws -> (byName: [String: GlobalStore], byTopic: [String: GlobalStore]) {
        var (byName, byTopic): ([String: GlobalStore], [String: GlobalStore]) = ([:], [:])
        try ports.provider?.lock(.global)
        do {
            for subtopology in subtopologies {
                for plan in subtopology.stores {
                    let store = try GlobalStore(
                        plan: plan, provider: ports.provider, lock: ports.lock,
                        maxBufferSizeInBytes: configuration.task.maxStoreBufferSizeInBytes)
                    byName[plan.name] = store
                    for topic in subtopology.sourceTopics {
                        byTopic[topic.resolved(applicationID: configuration.task.applicationID)] = store
                    }
                }
            }
        } catch {
            for store in byName.values { try store.close() }
            ports.provider?.unlock(.global)
            throw error
        }
        return (byName, byTopic)
    }

    /// Whether the topics' initial content is completely in the stores.
    package var isComplete: Bool { lagging.isEmpty }

    /// Returns the counts since the last call.
    package func takeCounts() -> TaskCounts { task.state.takeCounts() }

    /// Reads the next records.
    ///
    /// - Throws: an error that makes the tables unusable: one for which a handler has decided to fail, or one of the broker that a
    ///   retry does not mend.
    package func step(maxWaitMs: Int) throws {
        do {
            let isWaiting = retry.isWaiting(at: ports.clock.monotonic)
            if !isWaiting { try lookForTopicsIfDue() }
            if !isAssigned, !isWaiting { try assign() }
            try receive(try ports.consumer.poll(maxRecords: configuration.maxRecordsPerStep, timeoutMs: maxWaitMs))
            if isAssigned { retry.succeeded() }
        } catch let error as PortError where error.kind == .retriable {
            retry.failed(at: ports.clock.monotonic)
            logger.warning("retrying: \(error)")
        }
        try checkpointIfDue()
        for store in stores.values { try store.refreshIndexesIfWanted() }
        try followWantedStores()
    }

    /// Makes the stores queryable that somebody wants to query. Readers see them as of the last commit.
    private func followWantedStores() throws {
        if isComplete, !areIndexesFollowed { try followIndexes() }
        guard isComplete, let localStores = ports.localStores, localStores.wishCount != followedWishes else { return }
        followedWishes = localStores.wishCount
        try checkpoint()
        for (name, store) in stores where localStores.isWanted(name) {
            guard let signal = localStores.signal(of: name) else { continue }
            localStores.followGlobal(
                name, by: try store.follow(at: position(of: store), signal: signal), inputs: inputs(of: store))
        }
    }

    /// Makes the stores' indexes readable for the operators of all tasks.
    private func followIndexes() throws {
        areIndexesFollowed = true
        let indexed = stores.filter { !$0.value.plan.indexes.isEmpty }
        if indexed.isEmpty { return }
        try checkpoint()
        for (name, store) in indexed {
            let signal = ports.localStores?.signal(of: name) ?? CommitSignal()
            try store.followIndexes(at: position(of: store), signal: signal)
        }
    }

    private func inputs(of store: GlobalStore) -> [TopicPartition] {
        partitions.filter { storeOfTopic[$0.topic] === store }
    }

    private func position(of store: GlobalStore) -> Position {
        var offsets: [TopicPartition: Int64] = [:]
        for (slot, partition) in partitions.enumerated() where storeOfTopic[partition.topic] === store {
            offsets[partition] = positions[slot]
        }
        return Position(offsets)
    }

    private func assign() throws {
        try ports.consumer.assign(
            partitions.indices.map { slot in
                PartitionAssignment(partition: partitions[slot], slot: slot, offset: positions[slot])
            })
        isAssigned = true
    }

    private func receive(_ polled: PollResult) throws {
        for run in polled.runs where partitions.indices.contains(run.slot) {
            task.add(run, to: partitions[run.slot])
        }
        while try task.process() {}
        if isComplete { try task.punctuateWallClock() }
        for slot in Set(polled.runs.map(\.slot)) where partitions.indices.contains(slot) {
            positions[slot] = task.nextOffset(of: partitions[slot])
        }
        if !polled.runs.isEmpty { for store in stores.values { try store.commit(at: position(of: store)) } }
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, _): lagging.remove(slot)
            case .offsetOutOfRange(let slot): try outdated(slot)
            case .topicUnavailable(let message):
                topics.mayBeMissing = true
                logger.warning("while reading global tables: \(message)")
            case .trouble(let message): logger.warning("while reading global tables: \(message)")
            }
        }
    }

    /// Handles a topic that does not reach back to the store's position: entries that were deleted meanwhile would stay in the
    /// store forever. The store is emptied and read from the beginning. While tasks look values up in it that would be wrong, so
    /// then the instance ends.
    private func outdated(_ slot: Int) throws {
        guard partitions.indices.contains(slot), let store = storeOfTopic[partitions[slot].topic] else { return }
        let message =
            "global store \(store.plan.name) stands at \(positions[slot] ?? 0) of \(partitions[slot]), which the topic "
            + "does not have any more; it is emptied and read from the beginning"
        logger.warning("\(message)")
        let wasComplete = isComplete
        try store.wipe()
        followedWishes = -1
        areIndexesFollowed = false
        for other in partitions.indices where storeOfTopic[partitions[other].topic] === store {
            positions[other] = nil
            lagging.insert(other)
        }
        if wasComplete { throw StreamsError(.stateStore, message + " at the next start") }
        isAssigned = false
    }

    private func checkpointIfDue() throws {
        let now = ports.clock.monotonic
        let limit = configuration.task.maxStoreBufferSizeInBytes / 2
        let isFull = stores.values.contains { $0.dirtySizeInBytes > limit }
        guard isFull || now - lastCheckpoint >= TimeSpan(ms: configuration.checkpointIntervalMs) else { return }
        try checkpoint()
        lastCheckpoint = now
    }

    private func checkpoint() throws {
        for store in stores.values {
            var reached: [Int32: Int64] = [:]
            for (slot, partition) in partitions.enumerated() where storeOfTopic[partition.topic] === store {
                reached[partition.partition] = positions[slot]
            }
            if !reached.isEmpty { try store.checkpoint(positions: reached, at: position(of: store)) }
        }
    }

    /// Makes the contents durable and closes the stores. No task may read them any more.
    package func close() throws {
        defer { closeUncommitted() }
        try checkpoint()
    }

    /// Closes the stores without a checkpoint.
    package func closeUncommitted() {
        task.close()
        for store in stores.values {
            do { try store.close() } catch { logger.warning("closing a global store failed: \(error)") }
        }
        ports.provider?.unlock(.global)
        ports.consumer.close()
    }
}

extension TaskID {
    /// The id that stands for the global tables of an instance where a task is asked for. Kafka keeps them in a folder `global`.
    package static let global = TaskID(subtopology: -1, partition: -1)
}

/// A sender for global tables, which write nothing.
private final class NoSender: SenderPort {
    func topic(named name: String) throws(PortError) -> Int {
        throw PortError(
            .rejected, "global tables cannot write to \(name): their bad records can only fail or be skipped")
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {}

    func partitionCount(of topic: Int) throws(PortError) -> Int32 { 1 }
}
