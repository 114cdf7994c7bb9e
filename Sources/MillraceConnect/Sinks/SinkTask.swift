package import Millrace
package import MillraceEngine

/// The clients that the task of a sink uses.
package protocol SinkTaskPorts: AnyObject {
    /// Returns a producer without transactions, for dead letters.
    func makeProducer() throws -> any ProducerPort

    var clock: any WallClock { get }
}

/// The settings of the tasks of sinks.
package struct SinkTaskConfiguration: Sendable {
    /// The connector's name.
    package var connector: String
    /// The topic of records that the target refuses; `nil` to stop at the first of them.
    package var deadLetterTopic: String?
    package var commitIntervalMs: Int64 = 100
    /// The number of records that are written at once.
    package var writeCount = 10_000
    /// The number of records from which on a commit is made before its time.
    package var transactionCount = 100_000
    /// The bytes of keys and values from which on a commit is made before its time: writers may keep the records until then.
    package var transactionSizeInBytes = 16 << 20
    /// Whether records that the topic does not have any more are passed over, instead of stopping there.
    package var passesOverLostRecords = false
    /// The time for which a target may still forget its first commits, in milliseconds.
    package var settlingMs: Int64 = 10_000

    package init(connector: String) { self.connector = connector }
}

/// The writing of some partitions into a target. One thread makes its steps; a group, or whoever distributes the partitions, says which.
///
/// The target's own offsets decide where it goes on: they are asked for after the writers before have lost their right to commit. The
/// group's committed offsets count if the target keeps none, and are otherwise for those who watch the lag.
package final class SinkTask {
    private let connector: any SinkConnector
    private let reader: any ReaderPort & OffsetsPort
    private let ports: any SinkTaskPorts
    private let configuration: SinkTaskConfiguration
    private var writer: (any SinkWriter)?
    private var letters: DeadLetterWriter?
    private var partitions: [TopicPartition] = []
    /// Whether the writer has the right to write the partitions.
    private var hasBegun = false
    /// The partitions whose offsets the target keeps.
    private var kept: Set<TopicPartition> = []
    /// The offsets that the group has not heard of.
    private var untold: [TopicPartition: Int64] = [:]
    /// The times at which the target had an offset for the first time, as far as this task knows. For a while it may forget that.
    private var firstSeen: [TopicPartition: Moment] = [:]
    /// The ends that were reached. Between the last record and the end there may be marks of transactions, which are no records.
    private var ends: [TopicPartition: Int64] = [:]
    /// The offsets that the group has heard of from this task.
    private var told: [TopicPartition: Int64] = [:]
    /// The offsets after the records that are written and not committed.
    private var written: [TopicPartition: Int64] = [:]
    private var writtenCount = 0
    private var writtenSizeInBytes = 0
    private var lastCommit: Moment
    /// The losses that nobody has taken yet.
    private var losses: [RecordLoss] = []

    /// The number of records that were committed, refused ones included.
    package private(set) var committedCount = 0
    /// The bytes of the keys and values of these records.
    package private(set) var committedSizeInBytes = 0
    /// The number of commits.
    package private(set) var commitCount = 0
    /// Whether the target has told where the partitions go on.
    package var isWriting: Bool { hasBegun }
    /// The number of records that became dead letters, and that were committed or will be.
    package var deadLetterCount: Int { letters?.count ?? 0 }

    /// - Parameter reader: the reader of the partitions, which also has the committed offsets of the sink's group.
    package init(
        of connector: any SinkConnector, reader: any ReaderPort & OffsetsPort, ports: any SinkTaskPorts,
        configuration: SinkTaskConfiguration
    ) {
        self.connector = connector
        self.reader = reader
        self.ports = ports
        self.configuration = configuration
        lastCommit = ports.clock.monotonic
    }

    // MARK: The partitions

    /// Replaces the partitions. What is written of those before has to be committed or dropped.
    ///
    /// - Throws: `PortError`.
    package func assign(_ partitions: [TopicPartition]) throws {
        drop()
        self.partitions = partitions
        // A group waits for the answer, which the target may delay for long.
        let assignments = partitions.enumerated().map { PartitionAssignment(partition: $1, slot: $0, offset: nil) }
        try reader.assign(assignments)
        if !partitions.isEmpty { try reader.pause(partitions) }
    }

    /// Commits what is written, and gives all partitions up.
    ///
    /// - Throws: `PortError`; ``ConnectorError``.
    package func revoke() throws {
        if hasBegun {
            try commit()
            writer?.end(partitions)
        }
        try assign([])
    }

    /// Gives all partitions up, which others may have already.
    ///
    /// - Throws: `PortError`.
    package func lose() throws { try assign([]) }

    private func drop() {
        writer?.rollBack()
        (hasBegun, kept, written, writtenCount, writtenSizeInBytes) = (false, [], [:], 0, 0)
        (untold, firstSeen, ends, told) = ([:], [:], [:], [:])
    }

    private func begin() throws {
        let writer = try writer ?? connector.open()
        self.writer = writer
        var offsets = try writer.begin(partitions)
        hasBegun = true
        kept = Set(offsets.keys)
        if writer.keepsOffsets {
            untold = offsets
            firstSeen = offsets.mapValues { _ in ports.clock.monotonic }
        }
        let others = partitions.filter { offsets[$0] == nil }
        if !others.isEmpty {
            for (partition, committed) in try reader.committed(others, withinMs: nil) {
                offsets[partition] = committed.offset
            }
        }
        try reader.assign(
            partitions.enumerated().map { PartitionAssignment(partition: $1, slot: $0, offset: offsets[$1]) })
        lastCommit = ports.clock.monotonic
    }

    // MARK: Steps

    /// Reads, writes, and commits if that is due.
    ///
    /// - Parameter milliseconds: the time to wait for records.
    /// - Returns: whether there was anything to do.
    /// - Throws: `PortError`, ``ConnectorError``, after which a call of ``recover(from:)`` makes the task ready for the next step.
    package func step(withinMs milliseconds: Int) throws -> Bool {
        if !hasBegun, !partitions.isEmpty { try begin() }
        let polled = try reader.poll(maxRecords: configuration.writeCount, timeoutMs: wait(milliseconds))
        for event in polled.events { try handle(event) }
        if !polled.runs.isEmpty { try write(polled.runs) }
        if !written.isEmpty, isCommitDue { try commit() }
        if !untold.isEmpty, written.isEmpty { try tellSettled() }
        if written.isEmpty { try tellEnds() }
        return !polled.runs.isEmpty
    }

    private var sinceCommit: TimeSpan { ports.clock.monotonic - lastCommit }

    private var isCommitDue: Bool {
        writtenCount >= configuration.transactionCount || writtenSizeInBytes >= configuration.transactionSizeInBytes
            || sinceCommit >= TimeSpan(ms: configuration.commitIntervalMs)
    }

    private func wait(_ milliseconds: Int) -> Int {
        if written.isEmpty { return milliseconds }
        let left = TimeSpan(ms: configuration.commitIntervalMs) - sinceCommit
        return max(0, min(milliseconds, Int(clamping: left.ms)))
    }

    private func handle(_ event: ReaderEvent) throws {
        switch event {
        case .endOfPartition(let slot, let offset):
            if partitions.indices.contains(slot) { ends[partitions[slot]] = offset }
        case .offsetOutOfRange(let slot): try handleLoss(of: slot)
        case .topicUnavailable(let words): throw ConnectorError(.temporary, words)
        case .trouble(let words): throw PortError(.retriable, words)
        }
    }

    private func handleLoss(of slot: Int) throws {
        guard partitions.indices.contains(slot) else { return }
        let partition = partitions[slot]
        // It may have been the end of a topic that was made anew.
        ends[partition] = nil
        guard configuration.passesOverLostRecords else {
            throw ConnectorError(
                .permanent,
                "\(partition) does not have the records any more with which \(configuration.connector) has to go on: they were deleted, "
                    + "or the topic was made anew; allow the connector to pass over lost records, or give it another name, "
                    + "which begins with the first record")
        }
        try commit()
        let first = try reader.listOffsets([partition: .earliest])
        written = first
        try commit()
        let end = first[partition].map { " before offset \($0)" } ?? ""
        losses.append(RecordLoss("\(partition): records\(end) were deleted from the topic before they were written"))
        drop()
    }

    /// Returns the losses that were passed over, each once.
    package func takeLosses() -> [RecordLoss] {
        defer { losses = [] }
        return losses
    }

    private func write(_ runs: [RecordRun]) throws {
        guard let writer, hasBegun else { return }
        var records: [SinkRecord] = []
        records.reserveCapacity(runs.reduce(0) { $0 + $1.count })
        for run in runs where partitions.indices.contains(run.slot) {
            let partition = partitions[run.slot]
            for record in run.records {
                records.append(
                    SinkRecord(
                        partition: partition, offset: record.offset, timestampMs: record.timestampMs,
                        key: record.key.map(Array.init), value: record.value.map(Array.init), headers: record.headers))
            }
            written[partition] = run.nextOffset ?? written[partition]
        }
        writtenCount += records.count
        writtenSizeInBytes += records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
        let refused = try writer.write(records)
        if !refused.isEmpty { try send(refused) }
    }

    private func send(_ refused: [RefusedSinkRecord]) throws {
        guard let topic = configuration.deadLetterTopic else {
            let first = refused[0]
            throw ConnectorError(
                .permanent,
                "\(configuration.connector) cannot write the record at \(first.record.partition), offset \(first.record.offset): "
                    + "\(first.reason); correct it, or give the connector a topic of dead letters")
        }
        let letters = try letters ?? DeadLetterWriter(topic: topic, producer: ports.makeProducer())
        self.letters = letters
        try letters.send(refused)
    }

    /// Commits what is written. The dead letters are in Kafka before: after the commit nobody would send them again.
    private func commit() throws {
        guard !written.isEmpty, let writer else { return }
        let refused = try writer.finish()
        if !refused.isEmpty { try send(refused) }
        try letters?.flush()
        let start = ports.clock.monotonic
        try writer.commit(written)
        committedCount += writtenCount
        committedSizeInBytes += writtenSizeInBytes
        commitCount += 1
        lastCommit = ports.clock.monotonic
        if writer.keepsOffsets {
            for partition in written.keys where kept.insert(partition).inserted { firstSeen[partition] = lastCommit }
        }
        let offsets = written
        (written, writtenCount, writtenSizeInBytes) = ([:], 0, 0)
        try tell(offsets, confirmedAt: start)
    }

    /// Commits offsets to the group, but those that the target may still forget.
    ///
    /// - Parameter moment: the time since which the target has confirmed them.
    private func tell(_ offsets: [TopicPartition: Int64], confirmedAt moment: Moment) throws {
        untold.merge(offsets) { $1 }
        let due = offsets.filter { isSettled($0.key, at: moment) }
        if due.isEmpty { return }
        for partition in due.keys { untold[partition] = nil }
        try tellGroup(due)
    }

    /// Commits offsets to the group, up to the ends that were reached: everything that was read is committed. Otherwise the lag of a sink
    /// with nothing to do would never be 0.
    private func tellGroup(_ offsets: [TopicPartition: Int64]) throws {
        let reached = Dictionary(uniqueKeysWithValues: offsets.map { ($0, max($1, ends[$0] ?? $1)) })
        do {
            try reader.commit(reached.mapValues { CommittedOffset(offset: $0, metadata: "") })
            told.merge(reached) { $1 }
        } catch {
            let isGroupDecisive = !kept.isSuperset(of: reached.keys)
            if isGroupDecisive || error.kind == .fatal || error.kind == .fenced { throw error }
        }
    }

    /// Tells the group of ends that were reached without a record before them.
    private func tellEnds() throws {
        let due = ends.filter { partition, end in untold[partition] == nil && end > told[partition] ?? -1 }
        if !due.isEmpty { try tellGroup(due) }
    }

    private func isSettled(_ partition: TopicPartition, at moment: Moment) -> Bool {
        firstSeen[partition].map { moment - $0 >= TimeSpan(ms: configuration.settlingMs) } ?? true
    }

    /// Tells the group of offsets that the target cannot forget any more. The target is asked whether it still has them: this process may
    /// have been stopped in the meantime.
    private func tellSettled() throws {
        let now = ports.clock.monotonic
        let settled = untold.filter { isSettled($0.key, at: now) }
        guard !settled.isEmpty, let writer else { return }
        try writer.commit(settled)
        try tell(settled, confirmedAt: now)
    }

    // MARK: Failures

    /// Makes the task ready for another step after an error. Its partitions stay, and it goes on where the target is.
    ///
    /// - Returns: whether another step may succeed.
    package func recover(from error: any Error) -> Bool {
        drop()
        letters?.close()
        letters = nil
        switch error {
        case let error as PortError:
            switch error.kind {
            case .retriable, .abortable, .staleGeneration, .producerLost: return true
            // The topic of dead letters was deleted.
            case .rejected where error.isTopicMissing: return true
            case .fenced, .rejected, .fatal: return false
            }
        case let error as ConnectorError: return error.kind == .temporary
        default: return false
        }
    }

    /// Ends without a commit. The reader is closed, too.
    package func close() {
        drop()
        writer?.close()
        letters?.close()
        reader.close()
        (writer, letters, partitions) = (nil, nil, [])
    }
}
