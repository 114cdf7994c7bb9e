package import Logging
public import Millrace
public import MillraceEngine

/// Runs a topology in memory, one record at a time, without a broker, threads or a real clock.
///
/// It drives the task that runs in production. Every record is processed at once, all the way through the topology's
/// repartition topics, and committed. Kafka: `TopologyTestDriver`.
///
/// ```swift
/// let driver = try TopologyTestDriver(builder.build())
/// let events = driver.inputTopic("risk-events", key: .string, value: .json(RiskEvent.self))
/// let scores = driver.outputTopic("risk-scores", key: .string, value: .double)
/// try events.pipe(key: "acct-1", value: RiskEvent(account: "acct-1", score: 0.7, timestampMs: 0))
/// #expect(try scores.readValue() == 0.7)
/// ```
///
/// Unlike in Kafka's driver, topics may have several partitions: a test then shows records that do not meet because they are
/// partitioned differently. The instance may also be restarted in the middle, with or without its state.
///
/// Use the driver and its topics from one thread only.
public final class TopologyTestDriver {
    /// The prefix of the names of the topology's internal topics.
    public let applicationID: String
    let topology: Topology
    private let configuration: TaskConfiguration
    private let logger: Logger
    private let producer: DriverProducer
    private let provider: (any StoreProvider)?
    private let clock = ManualClock()
    private let observer: (any NodeObserver)?
    let topics: DriverTopics
    @exclusivity(unchecked) private(set) var tasks: [DriverTask] = []
    private(set) var globalStores: [String: GlobalStore] = [:]
    private var dropped = TaskCounts()
    let localStores: LocalStores
    /// Is told of every record that the tasks write, in order, those of changelogs included. The records are then not kept for
    /// ``outputTopic(_:key:value:)``.
    var writeListener: ((WrittenRecord) -> Void)?
    /// The topics whose records pass from task to task within the driver; `nil` for all of them.
    private let passedOnTopics: Set<String>?
    /// The records that wait for a step; `nil` if records are processed at once.
    @exclusivity(unchecked) var waiting: WaitingRecords?

    /// Makes a driver for a topology.
    ///
    /// - Parameters:
    ///   - topology: the topology under test.
    ///   - applicationID: the prefix of the names of the topology's internal topics; `app` by default.
    ///   - errorHandlers: the handlers of bad records; by default the call that piped the record throws the error.
    ///   - partitions: how many partitions the topics have; one by default. With several, each sub-topology has a task for
    ///     each partition, as in an instance.
    ///   - storage: the storage of the stores; in memory by default.
    ///   - wallClockMs: the wall clock's time at the start, in milliseconds since the epoch; 0 by default.
    /// - Throws: `StreamsError` where the topology cannot be instantiated, and with code `.topic` where topics that are joined
    ///   differ in their partition counts.
    public convenience init(
        _ topology: Topology, applicationID: String = "app", errorHandlers: ErrorHandlers = ErrorHandlers(),
        partitions: PartitionCounts = 1, storage: StateStorage = .memory, wallClockMs: Int64 = 0
    ) throws {
        try self.init(
            topology, applicationID: applicationID, errorHandlers: errorHandlers, partitions: partitions,
            storage: storage, wallClockMs: wallClockMs, logger: Logger(label: "TopologyTestDriver"))
    }

    /// - Parameters:
    ///   - readsLog: whether everything that external topics have is piped. A result is then not read as well, so that a topology
    ///     that writes to a topic that it also reads gets each of these records once.
    ///   - observer: is told what the operators do with each record; the caches of tables are then left out.
    ///   - logger: gets what the tasks log, such as every record that the error handlers skip.
    package init(
        _ topology: Topology, applicationID: String, errorHandlers: ErrorHandlers, partitions: PartitionCounts,
        storage: StateStorage = .memory, wallClockMs: Int64, readsLog: Bool = false,
        observer: (any NodeObserver)? = nil, logger: Logger
    ) throws {
        let repartitionTopics = topology.repartitionTopics.map { "\(applicationID)-\($0.name)" }
        passedOnTopics = readsLog ? Set(repartitionTopics) : nil
        self.observer = observer
        self.logger = logger
        self.applicationID = applicationID
        self.topology = topology
        localStores = LocalStores(topology)
        configuration = TaskConfiguration(
            applicationID: applicationID, handlers: errorHandlers, maxStoreBufferSizeInBytes: 256 << 20,
            maxCacheSizeInBytes: observer == nil ? 10 << 20 : 0, emitIntervalMs: 0)
        topics = DriverTopics(partitions: partitions)
        producer = DriverProducer(topics: topics, observer: observer)
        provider = try storage.makeProvider(applicationID)
        clock.set(wallClockMs: wallClockMs)
        tasks = try DriverTask.layout(
            of: topology, applicationID: applicationID, partitions: partitions, topics: topics)
        for part in tasks {
            if part.isGlobal { for partition in part.partitions { topics[partition.topic].isChangelog = true } }
            for store in part.stores {
                guard let name = store.changelogTopic?.resolved(applicationID: applicationID) else { continue }
                topics[name].isChangelog = true
                topics[name].isCompacted = store.isChangelogCompactable
            }
        }
        localStores.begin(tasks, of: topology)
        for index in tasks.indices { try makeTask(at: index) }
        for task in running { try task.punctuateWallClock() }
    }

    var running: [StreamTask] { tasks.compactMap(\.task) }

    deinit { close() }

    /// Closes the processors and the stores. A driver that is deallocated closes itself.
    ///
    /// ```swift
    /// driver.close()
    /// ```
    public func close() {
        for task in running { task.close() }
        tasks = []
    }

    @discardableResult
    private func makeTask(at index: Int) throws -> StreamTask {
        let part = tasks[index]
        if part.isGlobal {
            for plan in part.stores {
                try globalStores.removeValue(forKey: plan.name)?.close()
                let store = try GlobalStore(
                    plan: plan, provider: nil, lock: NoStoreLock(), maxBufferSizeInBytes: .max)
                try store.beginIndexes(at: Position())
                try store.followIndexes(at: Position(), signal: localStores.signal(of: plan.name) ?? CommitSignal())
                globalStores[plan.name] = store
            }
        }
        let task = try StreamTask(
            id: part.id, topology: topology, nodes: part.nodes, stores: part.isGlobal ? [] : part.stores,
            globalStores: globalStores, partitions: part.partitions, configuration: configuration, producer: producer,
            provider: provider, clock: clock, observer: observer, logger: logger)
        tasks[index].task = task
        for (queueIndex, partition) in task.partitions.enumerated() {
            topics[partition.topic].readers[Int(partition.partition)] = .init(task: index, queueIndex: queueIndex)
        }
        if part.isGlobal { localStores.setGlobal(globalStores) } else { task.state.announce(to: localStores) }
        return task
    }

    // MARK: Topics

    /// Returns a topic to pipe records into. The topology has to read it.
    ///
    /// - Parameters:
    ///   - topic: the topic's full name.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - startMs: the timestamp of the first record that is piped without one, in milliseconds; 0 by default.
    ///   - advance: the advance of that timestamp after each such record; none by default.
    public func inputTopic<Key, Value>(
        _ topic: String, key: Serde<Key>, value: Serde<Value>, startingAtMs startMs: Int64 = 0,
        advancingBy advance: Duration = .zero
    ) -> TestInputTopic<Key, Value> {
        TestInputTopic(
            driver: self, topic: topics[topic], keySerde: key, valueSerde: value, startMs: startMs,
            advanceMs: advance.wholeMilliseconds)
    }

    /// Returns a topic to read results from. It may be an internal topic of the topology, by its full name.
    ///
    /// - Parameters:
    ///   - topic: the topic's full name.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    public func outputTopic<Key, Value>(
        _ topic: String, key: Serde<Key>, value: Serde<Value>
    ) -> TestOutputTopic<Key, Value> {
        TestOutputTopic(topic: topics[topic], keySerde: key, valueSerde: value)
    }

    /// The names of the topics with records that were not read yet.
    public var unreadTopics: [String] { topics.all.filter { $0.unreadCount > 0 }.map(\.name).sorted() }

    /// The names of all topics that the topology has written to. Kafka: `producedTopicNames`.
    public var producedTopics: [String] { topics.all.filter(\.isProduced).map(\.name).sorted() }

    /// The number of records dropped since the driver was made, by reason.
    public var droppedRecords: [DropReason: Int] {
        takeCounts()
        return dropped.dropped
    }

    /// The number of records that each operator dropped, by its name in the topology's description. Records that were too late
    /// for a store count under the store's name.
    public var droppedRecordsByOperator: [String: [DropReason: Int]] {
        takeCounts()
        return dropped.droppedByOperator
    }

    private func takeCounts() {
        for task in running { dropped += task.state.takeCounts() }
    }

    // MARK: Processing

    @usableFromInline
    func pipe(
        _ topic: DriverTopic, partition: Int32?, _ bytes: RecordBytes, timestampMs: Int64, headers: Headers
    ) throws {
        if !topic.isRead { try matchPatterns(with: topic) }
        guard topic.isRead else {
            let read = topics.all.filter(\.isRead).map(\.name).sorted()
            throw StreamsError(.topic, "the topology does not read topic \(topic.name); it reads \(read)")
        }
        let chosen = partition ?? KafkaPartitioner.partition(for: bytes.key, count: topic.partitionCount)
        guard (0..<topic.partitionCount).contains(chosen) else {
            throw StreamsError(.topic, "topic \(topic.name) has no partition \(chosen): it has \(topic.partitionCount)")
        }
        hand(topic.append(partition: chosen, bytes, timestampMs: timestampMs, headers: headers), of: topic)
        try processAll()
    }

    /// Makes the task read a topic that a source's pattern matches. With several partitions these are the topics whose counts
    /// were given.
    private func matchPatterns(with topic: DriverTopic) throws {
        guard topology.hasSourcePatterns, topic.partitionCount == 1, !topic.isChangelog else { return }
        guard let last = tasks.indices.last, let task = tasks[last].task else { return }
        let partition = TopicPartition(topic: topic.name, partition: 0)
        try task.addInput(partition)
        guard let queueIndex = task.partitions.firstIndex(of: partition) else { return }
        tasks[last].partitions.append(partition)
        topic.readers[0] = .init(task: last, queueIndex: queueIndex)
    }

    /// The wall clock's time in milliseconds since the epoch.
    public var wallClockMs: Int64 { clock.wallClockMs() }

    /// Moves the wall clock forward and runs the punctuations that are due. Kafka: `advanceWallClockTime`.
    ///
    /// ```swift
    /// try driver.advanceWallClock(by: .seconds(10))
    /// ```
    ///
    /// Each punctuation is called at most once, however far the clock moves. A negative duration sets the clock back; for
    /// punctuations no time passes then.
    ///
    /// - Throws: `StreamsError` of a punctuation or of an operator downstream of it, unless the error handlers continue.
    public func advanceWallClock(by duration: Duration) throws {
        clock.advance(by: TimeSpan(duration))
        for task in running {
            try task.punctuateWallClock()
            try commit(task)
        }
        try processAll()
    }

    func processAll() throws {
        var continues = true
        while continues {
            continues = false
            for part in tasks {
                guard let task = part.task else { continue }
                if try task.process() { continues = true }
                if task.hasProgress { try commit(task) }
            }
        }
    }

    private func commit(_ task: StreamTask) throws {
        try task.flushCaches()
        if task.id == .global { for store in globalStores.values { try store.commit(at: task.committedPosition) } }
        task.committed { _ in nil }
        collectOutput()
    }

    private func collectOutput() {
        producer.takeSent { sent in
            if let writeListener {
                writeListener(WrittenRecord(sent))
            } else {
                sent.topic.appendUnread(sent.record)
            }
            // The log has the records of all other topics.
            if let passedOnTopics, !passedOnTopics.contains(sent.topic.name) { return }
            hand(sent.record, of: sent.topic)
        }
    }

    /// Passes a record to the task that reads its partition, or keeps it for a step.
    private func hand(_ record: DriverTopic.Written, of topic: DriverTopic) {
        guard let reader = topic.readers[Int(record.partition)] else { return }
        if waiting != nil {
            waiting?.append(record, of: topic)
        } else {
            give(record, to: reader)
        }
    }

    func give(_ record: DriverTopic.Written, to reader: DriverTopic.Reader) {
        tasks[reader.task].task?.add(RecordRun(record), toPartitionAt: reader.queueIndex)
    }

    // MARK: Restarting

    /// Checkpoints the stores, as an instance does from time to time. After a crash the stores start from the last checkpoint.
    ///
    /// ```swift
    /// try driver.checkpoint()
    /// ```
    ///
    /// - Throws: `StreamsError` with code `.stateStore` where a store cannot be written.
    public func checkpoint() throws {
        for task in running {
            task.committed(changelogPosition: producer.nextOffset)
            try task.state.checkpoint(durably: true)
        }
    }

    /// Stops the instance and starts another one in its place.
    ///
    /// ```swift
    /// try driver.restart(.losingState)
    /// ```
    ///
    /// Everything that was piped is committed. Stores are restored from their changelogs, beginning at the checkpoint on disk
    /// if there is one. Processors are made again, and punctuations are scheduled again. Records that were written to topics
    /// stay readable.
    ///
    /// - Throws: `StreamsError` with code `.stateStore` where a store cannot be closed, opened or restored; any error that a
    ///   processor throws when it is made or closed.
    public func restart(_ ending: InstanceEnding = .clean) throws {
        var committed: [TopicPartition: CommittedOffset] = [:]
        for task in running { committed.merge(try task.prepareCommit()) { $1 } }
        collectOutput()
        try processAll()
        takeCounts()
        if ending == .clean { try checkpoint() }
        if ending == .losingState { for task in running { try task.state.wipe() } }
        for index in tasks.indices {
            tasks[index].task?.close()
            let task = try makeTask(at: index)
            if tasks[index].isGlobal {
                try readAgain(tasks[index].partitions, with: task)
                try followWantedStores(of: task)
                continue
            }
            for partition in tasks[index].partitions {
                guard let offset = committed[partition] else { continue }
                task.resume(partition, at: offset.offset)
                task.restoreTime(of: partition, metadata: offset.metadata)
            }
            for store in task.stores { try restore(store) }
            try task.followWantedStores()
        }
        for task in running { try task.punctuateWallClock() }
    }

    /// Restores the global tables from their topics.
    private func readAgain(_ partitions: [TopicPartition], with task: StreamTask) throws {
        for partition in partitions {
            for record in topics[partition.topic].records(of: partition.partition, from: 0) {
                task.add(RecordRun(record), to: partition)
            }
        }
        while try task.process() {}
        // Dropped records were counted the first time.
        _ = task.state.takeCounts()
    }

    private func restore(_ store: TaskStore) throws {
        guard let changelog = store.changelog else { return }
        let records = topics[changelog.topic].records(of: changelog.partition, from: store.position ?? 0)
        let memory = RecordMemory(records.map(\.bytes))
        try store.restore(RecordRun(slot: 0, records.map(FetchedRecord.init)[...], ownedBy: memory))
    }
}

/// The ways in which an instance of a test driver ends.
public enum InstanceEnding: Sendable, Hashable, CaseIterable {
    /// A clean stop: the stores are checkpointed first.
    case clean
    /// A crash: the stores on disk are those of the last checkpoint.
    case crash
    /// A crash in which the disk is lost.
    case losingState
}

extension RecordRun {
    fileprivate init(_ record: DriverTopic.Written) {
        self.init(slot: 0, [FetchedRecord(record)], ownedBy: record.bytes)
    }
}

extension FetchedRecord {
    fileprivate init(_ record: DriverTopic.Written) {
        self.init(
            offset: record.offset, timestampMs: record.timestampMs, headers: record.headers, key: record.bytes.key,
            value: record.bytes.value)
    }
}
