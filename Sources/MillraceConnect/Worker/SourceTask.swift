import Millrace
package import MillraceEngine

/// The clients that the task of a source uses.
package protocol SourceTaskPorts: AnyObject {
    /// Returns a producer with a transactional id.
    func makeProducer(transactionalID: String) throws -> any ProducerPort

    /// Returns a reader of committed records that belongs to no group.
    func makeReader() throws -> any ReaderPort

    var clock: any WallClock { get }
}

/// The settings of the tasks of sources.
package struct SourceTaskConfiguration: Sendable {
    /// The transactional id, which belongs to the part in whichever process it is.
    package var transactionalID: String
    /// The compacted topic of positions.
    package var positionsTopic: String
    /// The partition of the topic of positions that has this task's.
    package var positionsPartition: Int32
    package var commitIntervalMs: Int64 = 100
    /// The number of records that are read at once.
    package var readCount = 1_000
    /// The number of records from which on a commit is made before its time.
    package var transactionCount = 100_000
    /// The bytes of keys and values from which on a commit is made before its time: the client keeps the records until they are sent.
    package var transactionSizeInBytes = 16 << 20

    package init(transactionalID: String, positionsTopic: String, positionsPartition: Int32) {
        self.transactionalID = transactionalID
        self.positionsTopic = positionsTopic
        self.positionsPartition = positionsPartition
    }
}

/// The writing of one part of a source into topics, exactly once. One thread makes its steps.
///
/// The records and the position after them are written in one transaction, whose transactional id belongs to the part. A task that begins
/// first registers that id, which rolls back what an earlier one has left open and fences it, and only then looks for the last
/// position: nobody can commit a later one any more.
package final class SourceTask {
    private let id: SourceTaskID
    private let connector: any SourceConnector
    private let ports: any SourceTaskPorts
    private let configuration: SourceTaskConfiguration
    private var producer: (any ProducerPort)?
    private var search: PositionSearch?
    private var reader: (any SourcePartitionReader)?
    private var topics: [String: Int] = [:]
    private var isInTransaction = false
    /// The position after the records of the open transaction.
    private var position: SourcePosition?
    private var sent = Totals()
    /// The losses up to that position.
    private var losses: [RecordLoss] = []
    /// Whether the commit has been begun, so that nothing may be added.
    private var isCommitting = false
    private var lastCommit: Moment

    /// The losses up to the committed position that nobody has taken yet.
    private var committedLosses: [RecordLoss] = []

    /// The position that was committed last; `nil` before the first.
    package private(set) var committed: SourcePosition?
    /// The sums of what was committed.
    package private(set) var totals = Totals()
    /// The number of records that were committed.
    package var committedCount: Int { totals.records }
    /// Whether the source is open.
    package var isReading: Bool { reader != nil }
    /// The records that are not read yet, as far as the source tells.
    package var backlog: SourceBacklog? { reader?.backlog }
    /// The topics that were written to since the task last got the sole right to write.
    package var writtenTopics: Set<String> { Set(topics.keys) }

    /// Sums of what was written.
    package struct Totals: Sendable, Hashable {
        package var records = 0
        /// The bytes of keys and values.
        package var sizeInBytes = 0
        package var commits = 0
    }

    package init(
        _ id: SourceTaskID, of connector: any SourceConnector, ports: any SourceTaskPorts,
        configuration: SourceTaskConfiguration
    ) {
        self.id = id
        self.connector = connector
        self.ports = ports
        self.configuration = configuration
        lastCommit = ports.clock.monotonic
    }

    // MARK: The beginning

    /// Goes on with the beginning: gets the sole right to write, finds the last position and opens the source there.
    ///
    /// - Returns: `nil` as long as the last position is not known.
    /// - Throws: `PortError`; ``ConnectorError``. A later call goes on.
    private func begin(withinMs milliseconds: Int) throws -> (any ProducerPort, any SourcePartitionReader)? {
        if let producer, let reader { return (producer, reader) }
        let producer = try producer ?? makeProducer()
        self.producer = producer
        let search = try search ?? makeSearch()
        self.search = search
        guard try search.step(withinMs: milliseconds) else { return nil }
        committed = search.position
        endSearch()
        let reader = try connector.open(id.partition, from: committed)
        self.reader = reader
        return (producer, reader)
    }

    private func makeSearch() throws -> PositionSearch {
        let partition = TopicPartition(topic: configuration.positionsTopic, partition: configuration.positionsPartition)
        return try PositionSearch(for: id.key, in: partition, with: ports.makeReader())
    }

    private func endSearch() {
        search?.close()
        search = nil
    }

    private func makeProducer() throws -> any ProducerPort {
        let producer = try ports.makeProducer(transactionalID: configuration.transactionalID)
        do { try producer.initTransactions() } catch {
            producer.close()
            throw error
        }
        topics = [:]
        return producer
    }

    // MARK: Steps

    /// Reads, writes, and commits if that is due.
    ///
    /// - Parameter milliseconds: the time to wait for the source.
    /// - Returns: whether there was anything to do.
    /// - Throws: `PortError`, after which a call of ``recover(from:)`` makes the task ready for the next step; ``ConnectorError``.
    package func step(withinMs milliseconds: Int) throws -> Bool {
        guard let (producer, reader) = try begin(withinMs: milliseconds) else { return true }
        if isCommitting { return try commit(producer, reader) }
        let batch = try reader.read(configuration.readCount, withinMs: isInTransaction ? 0 : milliseconds)
        try send(batch, producer)
        try producer.poll()
        if position != nil, isCommitDue { return try commit(producer, reader) }
        return !batch.records.isEmpty
    }

    private var isCommitDue: Bool {
        sent.records >= configuration.transactionCount || sent.sizeInBytes >= configuration.transactionSizeInBytes
            || ports.clock.monotonic - lastCommit >= TimeSpan(ms: configuration.commitIntervalMs)
    }

    private func send(_ batch: SourceBatch, _ producer: any ProducerPort) throws {
        losses += batch.losses
        if batch.records.isEmpty, batch.position == nil { return }
        if !isInTransaction {
            try producer.beginTransaction()
            isInTransaction = true
        }
        for record in batch.records {
            let topic = try topic(record.topic, producer)
            try withBytes(of: record.key, record.value) { (key, value) throws(PortError) in
                try producer.send(
                    topic: topic, partition: nil, key: key, value: value, timestampMs: record.timestampMs ?? -1,
                    headers: record.headers)
            }
        }
        sent.records += batch.records.count
        sent.sizeInBytes += batch.records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
        position = batch.position ?? position
    }

    private func topic(_ name: String, _ producer: any ProducerPort) throws -> Int {
        if let number = topics[name] { return number }
        let number = try producer.existingTopic(named: name)
        topics[name] = number
        return number
    }

    private func commit(_ producer: any ProducerPort, _ reader: any SourcePartitionReader) throws -> Bool {
        guard let position else { return false }
        if !isCommitting {
            // Nobody should create a missing one by hand: the positions would be gone.
            let topic = try producer.topic(named: configuration.positionsTopic)
            try withBytes(of: id.key, Array(position.rawValue.utf8)) { (key, value) throws(PortError) in
                try producer.send(
                    topic: topic, partition: configuration.positionsPartition, key: key, value: value, timestampMs: -1,
                    headers: [])
            }
            isCommitting = true
        }
        try producer.commitTransaction()
        totals.records += sent.records
        totals.sizeInBytes += sent.sizeInBytes
        totals.commits += 1
        committedLosses += losses
        endTransaction()
        committed = position
        lastCommit = ports.clock.monotonic
        try reader.committed(position)
        return true
    }

    /// Commits what was read, and ends. Another task goes on from there.
    ///
    /// - Throws: `PortError`, ``ConnectorError`` if it could not be committed; then another task reads it again.
    package func finish() throws {
        defer { close() }
        if let producer, let reader { _ = try commit(producer, reader) }
    }

    private func endTransaction() {
        (isInTransaction, isCommitting, position, sent, losses) = (false, false, nil, Totals(), [])
    }

    /// Returns the losses up to the committed position, each once.
    package func takeLosses() -> [RecordLoss] {
        defer { committedLosses = [] }
        return committedLosses
    }

    // MARK: Failures

    /// Makes the task ready for another step after an error, from the last committed position on.
    ///
    /// - Returns: whether another step may succeed.
    package func recover(from error: any Error) -> Bool {
        switch error {
        case let error as PortError:
            switch error.kind {
            // The same call is made again; a commit that was begun goes on.
            case .retriable: if !isCommitting { abort() }
            case .abortable, .staleGeneration: abort()
            case .producerLost: close()
            // A topic was deleted. The next producer looks whether it is there again.
            case .rejected where error.isTopicMissing: close()
            case .fenced, .rejected, .fatal:
                close()
                return false
            }
            return true
        case let error as ConnectorError:
            abort()
            return error.kind == .temporary
        default:
            close()
            return false
        }
    }

    /// Gives up what is not committed.
    private func abort() {
        endSearch()
        reader?.close()
        reader = nil
        if isInTransaction {
            do { try producer?.abortTransaction() } catch {
                // The next producer's registration rolls it back.
                producer?.close()
                producer = nil
            }
        }
        endTransaction()
    }

    /// Ends without a commit. Another task goes on from the last committed position.
    package func close() {
        endSearch()
        reader?.close()
        producer?.close()
        (reader, producer) = (nil, nil)
        endTransaction()
    }
}
