import MillraceConnect
import PostgresClient

/// The reading of a slot's stream of changes as records.
///
/// Transactions are whole in a batch unless they are large, so that they are whole in a transaction of Kafka, too. The reader confirms
/// to the server what Kafka has committed and nothing else: a keepalive moves the position of an idle source by a batch without
/// records, and only its commit is confirmed.
final class ChangeReader {
    private let stream: any SlotStream
    private let tables: any TableKnowledge
    private let rules: ChangeRules
    /// The position after the records that are ready.
    private var position: SlotPosition
    private var confirmed: LogSequenceNumber
    /// The position of the last batch.
    private var handedOver: LogSequenceNumber
    private var shapes: [UInt32: TableShape] = [:]
    /// The records of complete transactions, and of pieces of a large one.
    private var ready: [SourceRecord] = []
    private var readySize = 0
    private var hasMoved = false
    private var open: OpenTransaction?
    /// The log may grow by so much without a change of the tables before the position follows.
    private static let idleSize: UInt64 = 16 << 20

    /// A transaction whose end has not come. It is a class, so that its array has one owner while it grows.
    private final class OpenTransaction {
        let marks: TransactionMarks
        var records: [SourceRecord] = []
        var size = 0
        /// The number of changes that have come.
        var changeCount = 0
        /// The number of changes that earlier readers have written.
        let skip: Int
        /// The number of changes of chosen tables.
        var eventCount = 0
        /// Whether the whole transaction was written before.
        let isOld: Bool

        init(_ marks: TransactionMarks, skip: Int, isOld: Bool) {
            (self.marks, self.skip, self.isOld) = (marks, skip, isOld)
        }

        /// Whether the change that came last was written before.
        var isWritten: Bool { isOld || changeCount <= skip }
    }

    init(_ stream: any SlotStream, _ tables: any TableKnowledge, rules: ChangeRules, from position: SlotPosition) {
        self.stream = stream
        self.tables = tables
        self.rules = rules
        self.position = position
        confirmed = position.lsn
        handedOver = position.lsn
    }

    /// Returns the next records. See `SourcePartitionReader.read(_:withinMs:)`.
    ///
    /// - Throws: `ConnectorError`.
    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        var wait = milliseconds
        while ready.count < count, readySize < rules.splitSizeInBytes, let event = try stream.next(withinMs: wait) {
            wait = 0
            try take(event)
        }
        guard hasMoved else { return SourceBatch() }
        defer {
            ready = []
            (readySize, hasMoved) = (0, false)
        }
        handedOver = position.lsn
        return SourceBatch(ready, position: position.source)
    }

    /// Hears that a position is committed in Kafka.
    ///
    /// - Throws: `ConnectorError`.
    func committed(_ position: SlotPosition) throws {
        confirmed = max(confirmed, position.lsn)
        try stream.confirm(confirmed)
    }

    private func take(_ event: ReplicationStream.Event) throws {
        switch event {
        case .message(let message, _): try take(message)
        case .keepalive(let reached, let wantsReply): try keepAlive(reached, wantsReply)
        }
    }

    private func keepAlive(_ reached: LogSequenceNumber, _ wantsReply: Bool) throws {
        // Within a transaction the server has sent less than it has read.
        if open == nil, position.commit == nil {
            position.lsn = max(position.lsn, reached)
            moveIfIdle(wantsReply ? 1 : Self.idleSize)
        }
        if wantsReply { try stream.confirm(confirmed) }
    }

    /// Hands the position over without records, once it is further than the last one by a size.
    private func moveIfIdle(_ size: UInt64) {
        if position.lsn.rawValue - handedOver.rawValue >= size { hasMoved = true }
    }

    // MARK: Transactions

    private func take(_ message: LogicalMessage) throws {
        switch message {
        case .begin(let transaction): try begin(transaction)
        case .commit(_, let end, _): commit(end)
        case .relation(let relation): try describe(relation)
        case .insert(let relation, let row): try change(relation) { .insert(row) }
        case .update(let relation, let old, let row): try change(relation) { .update(old, row) }
        case .delete(let relation, let old): try change(relation) { .delete(old) }
        case .truncate(let relations, _, _): try truncate(relations)
        case .type, .message, .origin: break
        }
    }

    private func begin(_ transaction: LogicalMessage.Transaction) throws {
        if let commit = position.commit, transaction.commit > commit {
            throw ConnectorError(
                .permanent,
                "PostgreSQL does not send the transaction at \(commit) again, of which a part is written. \(WayOut.begin)"
            )
        }
        let skip = position.commit == transaction.commit ? position.skip : 0
        open = OpenTransaction(
            TransactionMarks(transaction, rules), skip: skip, isOld: transaction.commit < position.lsn)
    }

    private func commit(_ end: LogSequenceNumber) {
        guard let transaction = open else { return }
        open = nil
        guard !transaction.isOld else { return }
        if transaction.eventCount > 0, let record = transaction.marks.end(eventCount: transaction.eventCount) {
            transaction.records.append(record)
        }
        ready += transaction.records
        readySize += transaction.size
        // A transaction without records moves the position, too, but nobody needs to know it at once.
        hasMoved = hasMoved || !transaction.records.isEmpty
        position.lsn = max(position.lsn, end)
        (position.commit, position.skip) = (nil, 0)
        moveIfIdle(Self.idleSize)
    }

    /// Hands over what has come of a large transaction.
    private func splitIfLarge() {
        guard let transaction = open,
            transaction.records.count >= rules.splitCount || transaction.size >= rules.splitSizeInBytes
        else { return }
        ready += transaction.records
        readySize += transaction.size
        transaction.records = []
        transaction.size = 0
        (position.commit, position.skip) = (transaction.marks.commit, transaction.changeCount)
        hasMoved = true
    }

    // MARK: Changes

    private func describe(_ relation: Relation) throws {
        let shape = try tables.shape(of: relation)
        shapes[relation.id] = shape
        guard let shape else { return }
        let hash = SlotPosition.hash(ofKey: shape.keyNames)
        if let known = position.tables[relation.id], known != hash, rules.onKeyChange == .fail {
            throw ConnectorError(
                .permanent,
                "The key of the table \(shape.table) has become (\(shape.keyNames.joined(separator: ", "))), so later records would have other keys than those in the topic: set onKeyChange to \"follow\" to go on, or begin with another topic."
            )
        }
        position.tables[relation.id] = hash
    }

    private func change(_ relation: UInt32, _ make: () -> Change) throws {
        guard let transaction = open else { throw Self.outside }
        transaction.changeCount += 1
        guard let shape = shapes[relation] else { return }
        transaction.eventCount += 1
        guard !transaction.isWritten else { return }
        try add(to: transaction, isFirst: transaction.eventCount == 1) { records in
            try make().append(to: &records, shape, transaction.marks, tables)
        }
    }

    private func truncate(_ relations: [UInt32]) throws {
        guard let transaction = open else { throw Self.outside }
        transaction.changeCount += 1
        let chosen = relations.compactMap { shapes[$0] }
        let isFirst = transaction.eventCount == 0
        transaction.eventCount += chosen.count
        guard !transaction.isWritten, !chosen.isEmpty else { return }
        try add(to: transaction, isFirst: isFirst) { records in
            for shape in chosen {
                if let record = try transaction.marks.truncation(of: shape) { records.append(record) }
            }
        }
    }

    /// Adds the records of a change to the open transaction's.
    private func add(
        to transaction: OpenTransaction, isFirst: Bool, _ body: (inout [SourceRecord]) throws -> Void
    ) throws {
        let count = transaction.records.count
        if isFirst, let begin = transaction.marks.begin { transaction.records.append(begin) }
        try body(&transaction.records)
        for record in transaction.records[count...] {
            transaction.size += (record.value?.count ?? 0) + (record.key?.count ?? 0) + 100
        }
        splitIfLarge()
    }

    private static let outside = ConnectorError(.temporary, "PostgreSQL sent a change outside of a transaction.")
}

/// The settings that the stream of changes follows.
struct ChangeRules: Sendable {
    var format: PostgresSourceConfiguration.Format
    var unchangedValues: PostgresSourceConfiguration.UnchangedValues
    var onTruncate: PostgresSourceConfiguration.Truncates
    var onKeyChange: PostgresSourceConfiguration.KeyChanges
    var transactionsTopic: String?
    var splitCount: Int
    var splitSizeInBytes: Int
    var database: String

    init(_ configuration: PostgresSourceConfiguration) {
        format = configuration.format
        unchangedValues = configuration.unchangedValues
        onTruncate = configuration.onTruncate
        onKeyChange = configuration.onKeyChange
        transactionsTopic = configuration.transactionsTopic
        splitCount = configuration.splitCount
        splitSizeInBytes = configuration.splitSizeInBytes
        database = configuration.server.database
    }
}

/// The sentence of last resort.
enum WayOut {
    static let begin =
        "To begin again with a snapshot, drop the slot with pg_drop_replication_slot and set onLostChanges to \"snapshot\"."
}
