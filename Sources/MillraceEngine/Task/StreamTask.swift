package import Logging
package import Millrace

/// The work on one partition of one sub-topology: its queues, its operators, its stores. Kafka: `StreamTask`.
///
/// A task is synchronous and deterministic: it works only when it is called, on the thread of the worker that owns it. The test
/// driver runs the same class.
package final class StreamTask {
    /// The task's stores. They exist before the task if the instance had them as a standby.
    package let state: TaskState
    private let environment: TaskEnvironment
    private var queues: [TopicPartition: InputQueue] = [:]
    private(set) var orderedQueues: [InputQueue] = []
    private var ready = TimestampHeap()
    /// The queues that were empty and got records, in the order in which they got them. It decides between equal timestamps.
    private var arrived: [Int] = []
    private let maxCacheSizeInBytes: Int
    private var sources = TaskSources()
    private let caches: [any FlushableStore]
    private let logger: Logger
    package var id: TaskID { state.id }
    package var stores: [TaskStore] { state.stores }
    /// The highest timestamp processed; −1 while there is none. Kafka: stream time.
    package var streamTimeMs: Int64 { environment.streamTimeMs }
    /// Whether something was processed, or dropped, since the last commit.
    @exclusivity(unchecked) package private(set) var hasProgress = false
    @exclusivity(unchecked) private var ages = RecordAges()
    /// The ages of records when they had been processed, if that is measured.
    package var endToEnd: LatencyHistogram { ages.endToEnd }
    /// The times by which records were behind the stream's time, if that is measured.
    package var lateness: LatencyHistogram { ages.lateness }
    /// The number of processed records that are not reported yet.
    var processedCount: Int { environment.counts.processed }
    /// The number of records that have gone into each node.
    package var recordsByNode: [String: Int] { environment.recordsByNode }

    /// Instantiates the operators over a task's stores. The task owns the stores from now on: if this fails, they are closed.
    ///
    /// - Parameters:
    ///   - nodes: the indices of the topology's nodes that the task runs.
    ///   - globalStores: the stores of the instance's global tables, by name.
    ///   - partitions: the partitions that the task reads.
    package init(
        _ state: TaskState, topology: Topology, nodes: [Int], globalStores: [String: GlobalStore] = [:],
        partitions: [TopicPartition]
    ) throws {
        self.state = state
        environment = state.environment
        logger = state.logger
        maxCacheSizeInBytes = state.configuration.maxCacheSizeInBytes
        caches = state.stores.compactMap(\.cache)
        environment.globalStores = globalStores
        do {
            sources = try Self.instantiate(topology, nodes: nodes, in: environment)
            for partition in partitions.sorted() { try addInput(partition) }
        } catch {
            close()
            throw error
        }
    }

    /// Opens the stores and instantiates the operators.
    ///
    /// - Parameters:
    ///   - stores: the stores of those nodes.
    ///   - provider: opens stores on disk; without one all are kept in memory.
    ///   - clock: the clock of wall-clock punctuations.
    ///   - observer: is told what the operators do with each record.
    package convenience init(
        id: TaskID, topology: Topology, nodes: [Int], stores: [StorePlan],
        globalStores: [String: GlobalStore] = [:], partitions: [TopicPartition],
        configuration: TaskConfiguration, producer: any SenderPort, provider: (any StoreProvider)?,
        clock: any WallClock, observer: (any NodeObserver)? = nil, logger: Logger
    ) throws {
        try self.init(
            TaskState(
                id: id, stores: stores, keptTimes: topology.keptTimes(of: nodes), configuration: configuration,
                producer: producer, provider: provider, clock: clock, observer: observer, logger: logger),
            topology: topology, nodes: nodes, globalStores: globalStores, partitions: partitions)
    }

    deinit {
        // Breaks a retain cycle: the listeners hold the operators, and these the environment, which holds the stores.
        for cache in caches { cache.removeListener() }
        endOperators()
    }

    // MARK: Input

    /// Adds an input partition, if one of the task's sources names or matches its topic.
    package func addInput(_ partition: TopicPartition) throws {
        guard queues[partition] == nil, let source = sources[partition.topic] else { return }
        let queue = InputQueue(partition: partition, index: orderedQueues.count, reader: try source())
        queues[partition] = queue
        orderedQueues.append(queue)
    }

    package var partitions: [TopicPartition] { orderedQueues.map(\.partition) }

    /// Adds a run of records of a partition.
    package func add(_ run: RecordRun, to partition: TopicPartition) {
        guard let queue = queues[partition] else { return }
        add(run, toPartitionAt: queue.index)
    }

    /// Adds a run of records to the partition at this index of ``partitions``.
    package func add(_ run: RecordRun, toPartitionAt index: Int) {
        // With one queue there is no order among queues.
        if orderedQueues.count > 1, orderedQueues[index].count == 0, !run.isEmpty { arrived.append(index) }
        orderedQueues[index].append(run)
    }

    /// Records that the partition at this index of ``partitions`` ends at an offset, and that everything before it has been added. The
    /// marks of transactions behind the last record are committed, too. Kafka: `StreamTask.commitNeeded`.
    package func recordEnd(at offset: Int64, ofPartitionAt index: Int) {
        let queue = orderedQueues[index]
        let before = queue.nextOffset
        queue.recordEnd(at: offset)
        if queue.nextOffset != before { hasProgress = true }
    }

    /// Returns the number of waiting records of the partition at this index of ``partitions``.
    package func bufferedCount(ofPartitionAt index: Int) -> Int { orderedQueues[index].count }

    /// Returns the size in bytes of the waiting records of the partition at this index of ``partitions``.
    package func bufferedSizeInBytes(ofPartitionAt index: Int) -> Int { orderedQueues[index].sizeInBytes }

    package func bufferedCount(of partition: TopicPartition) -> Int { queues[partition]?.count ?? 0 }

    package func bufferedSizeInBytes(of partition: TopicPartition) -> Int { queues[partition]?.sizeInBytes ?? 0 }

    /// Returns the next offset of a partition after the processed records; `nil` before the first one.
    package func nextOffset(of partition: TopicPartition) -> Int64? { queues[partition]?.nextOffset }

    /// Whether a partition has no record to process, so that it may still deliver an earlier one.
    package func isEmpty(_ partition: TopicPartition) -> Bool { (queues[partition]?.count ?? 0) == 0 }

    /// Restores the partition's time, and the operators' progress, from the metadata of the group's committed offset.
    package func restoreTime(of partition: TopicPartition, metadata: String) {
        guard let queue = queues[partition],
            let metadata = OffsetMetadata.decode(metadata, names: environment.keptTimeNames)
        else { return }
        queue.partitionTimeMs = metadata.partitionTimeMs
        environment.streamTimeMs = max(streamTimeMs, metadata.partitionTimeMs)
        for (name, timeMs) in metadata.processorTimesMs {
            // Operators may have been removed since.
            guard let kept = environment.keptTimes[name] else { continue }
            kept.timestampMs = max(kept.timestampMs, timeMs)
        }
        // Final results that have been forwarded already need not be held until the next ones are.
        state.recordProgress(metadata)
    }

    /// Records the offset from which a partition is read.
    package func resume(_ partition: TopicPartition, at offset: Int64) { queues[partition]?.committedOffset = offset }

    /// Records an offset from which a partition is read although nothing is committed. The next commit includes it, so that after a
    /// restart no record that is written from now on is skipped.
    package func begin(_ partition: TopicPartition, at offset: Int64) {
        queues[partition]?.begin(at: offset)
        hasProgress = true
    }

    /// Forgets fetched but unprocessed records, before the partitions are read again.
    package func clearInput() {
        ready.removeAll()
        arrived.removeAll()
        for queue in orderedQueues { queue.clear() }
        hasProgress = false
    }

    // MARK: Processing

    /// Processes the record with the lowest timestamp among the heads of the partitions. Returns whether there was one.
    package func process() throws -> Bool { try process(atMost: 1) == 1 }

    /// Processes records, always the one with the lowest timestamp among the heads of the partitions. Returns their number.
    ///
    /// Stops when one of several partitions has no records left, because the next record may be one that it has not delivered yet.
    package func process(atMost limit: Int) throws -> Int {
        try environment.schedule.start()
        ages.beginBatch(isMeasured: state.configuration.isWatched())
        var done = 0
        defer {
            environment.counts.processed += done
            environment.current = nil
        }
        if orderedQueues.count == 1 {
            let queue = orderedQueues[0]
            environment.current = queue
            while done < limit, let timestampMs = try fill(queue) {
                try process(queue, timestampMs)
                done += 1
            }
            return done
        }
        try fillHeads()
        while done < limit, let index = ready.removeFirst() {
            let queue = orderedQueues[index]
            environment.current = queue
            if let timestampMs = try queue.fill() { try process(queue, timestampMs) }
            done += 1
            arrived.append(index)
            try fillHeads()
            if queue.count == 0 { break }
        }
        return done
    }

    private func process(_ queue: InputQueue, _ timestampMs: Int64) throws {
        hasProgress = true
        if timestampMs > environment.streamTimeMs { environment.streamTimeMs = timestampMs }
        if let trace = environment.trace {
            try trace.process(queue.current) { try queue.process() }
        } else {
            try queue.process()
        }
        ages.add(timestampMs: timestampMs, streamTimeMs: environment.streamTimeMs) { environment.wallClockMs }
        _ = try environment.schedule.punctuate(streamTimeMs: environment.streamTimeMs)
        if !caches.isEmpty, caches.reduce(0, { $0 + $1.cacheSizeInBytes }) > maxCacheSizeInBytes { try flushCaches() }
    }

    /// The monotonic time of the next wall-clock punctuation; `nil` if none is waiting.
    package var nextWallClockPunctuation: Moment? { environment.schedule.nextOnWallClock }

    /// Starts the operators, if they have not been started, and runs the wall-clock punctuations that are due. Call it only when
    /// the stores are restored.
    package func punctuateWallClock() throws {
        try environment.schedule.start()
        if try environment.schedule.punctuateWallClock() { hasProgress = true }
    }

    /// Whether the operators are not started yet, which schedules their punctuations.
    package var isToBeStarted: Bool { !environment.schedule.starts.isEmpty }

    /// Whether an operator has asked for a commit since the last one.
    package var isCommitRequested: Bool { environment.schedule.isCommitRequested }

    /// Whether the task has something to do even without further records or time.
    var hasWork: Bool { hasProgress || isCommitRequested || isToBeStarted || state.awaitsFirstCheckpoint }

    /// Forwards the changes that wait in the caches of tables, those upstream first.
    package func flushCaches() throws {
        for cache in caches { try cache.flush() }
    }

    private func fillHeads() throws {
        while let index = arrived.first {
            if !orderedQueues[index].isDecoded, let timestampMs = try fill(orderedQueues[index]) {
                ready.insert(queue: index, timestampMs: timestampMs)
            }
            arrived.removeFirst()
        }
    }

    private func fill(_ queue: InputQueue) throws -> Int64? {
        let before = queue.nextOffset
        let timestampMs = try queue.fill()
        if queue.nextOffset != before { hasProgress = true }
        return timestampMs
    }

    // MARK: Committing

    /// Flushes the caches of tables, which may produce more output. Returns the offsets to commit for all processed records, with
    /// the partitions' times. Kafka: `StreamTask.prepareCommit`.
    package func prepareCommit() throws -> [TopicPartition: CommittedOffset] {
        try flushCaches()
        var offsets: [TopicPartition: CommittedOffset] = [:]
        for queue in orderedQueues {
            guard let offset = queue.nextOffset else { continue }
            let metadata = metadata(of: queue)
            offsets[queue.partition] = CommittedOffset(offset: offset, metadata: metadata)
        }
        // If only punctuations did something, the old offsets are committed again: the broker detects an outdated member by them.
        for queue in orderedQueues where offsets.isEmpty {
            guard let offset = queue.committedOffset else { continue }
            let metadata = metadata(of: queue)
            offsets[queue.partition] = CommittedOffset(offset: offset, metadata: metadata)
        }
        return offsets
    }

    /// The committed position of the input. It is valid right after a commit, or if nothing has been processed since.
    package var committedPosition: Position {
        var offsets: [TopicPartition: Int64] = [:]
        for queue in orderedQueues { offsets[queue.partition] = queue.nextOffset ?? queue.committedOffset }
        return Position(offsets)
    }

    /// Makes the stores queryable that somebody wants to query. Call it only if nothing has been processed since the last commit.
    package func followWantedStores() throws { try state.followWantedStores(at: committedPosition) }

    private func metadata(of queue: InputQueue) -> String {
        OffsetMetadata(
            partitionTimeMs: queue.partitionTimeMs,
            processorTimesMs: environment.keptTimes.mapValues(\.timestampMs).filter { $0.value >= 0 }
        ).encoded(atMost: state.configuration.maxOffsetMetadataLength, names: environment.keptTimeNames)
    }

    /// Records that everything so far is committed, and the positions of the changelogs.
    package func committed(changelogPosition: (TopicPartition) -> Int64?) {
        hasProgress = false
        environment.schedule.isCommitRequested = false
        let commit = stores.contains(where: \.isFollowed) ? committedPosition : Position()
        for store in stores {
            guard let changelog = store.changelog else {
                store.committed(position: nil, at: commit)
                continue
            }
            let isSource = store.plan.sourceTopicAsChangelog != nil
            store.committed(
                position: isSource ? queues[changelog]?.nextOffset : changelogPosition(changelog), at: commit)
        }
    }

    /// Requests a commit at once.
    package func requestCommit() { environment.schedule.isCommitRequested = true }

    private func endOperators() {
        do { try environment.schedule.close() } catch { logger.warning("an operator failed at its end: \(error)") }
    }

    /// Ends the operators, closes the stores without a checkpoint and releases the task's folder.
    package func close() {
        endOperators()
        state.close()
    }
}

extension StreamTask {
    /// Returns a store as operators use it, for tests.
    package func store(named name: String) -> OperatorStore? { state.store(named: name) }

    /// Makes the operators, children before parents. Returns for each topic the sources that make a reader of one of its
    /// partitions.
    private static func instantiate(
        _ topology: Topology, nodes: [Int], in environment: TaskEnvironment
    ) throws -> TaskSources {
        var receivers: [Int: Receiver] = [:]
        var sources = TaskSources()
        for index in nodes.reversed() {
            let node = topology.nodes[index]
            environment.storesOfNodes[node.name] = node.storeNames
            let instance = NodeInstance(
                name: node.name, context: environment, sendsOldValues: node.sendsOldValues,
                hasVersionedInput: node.hasVersionedInput, writtenStoreName: node.writtenStoreName,
                storeNames: node.storeNames,
                children: node.successors.compactMap { child in
                    receivers[child].map { (topology.nodes[child].name, $0) }
                })
            switch node.kind {
            case .processor(let processor): receivers[index] = try processor.make(instance)
            case .sink(let sink): receivers[index] = try sink.make(instance)
            case .source(let source):
                for topic in source.topics {
                    sources[topic.resolved(applicationID: environment.applicationID)] = { try source.make(instance) }
                }
                if let pattern = source.pattern { sources.add(pattern) { try source.make(instance) } }
            }
        }
        return sources
    }
}
