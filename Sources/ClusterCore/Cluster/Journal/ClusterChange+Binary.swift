extension ClusterChange {
    /// The changes as bytes, one after another.
    package static func encode(_ changes: [ClusterChange]) -> [UInt8] {
        var writer = BinaryWriter()
        for change in changes { change.write(to: &writer) }
        return writer.bytes
    }

    /// Reads what ``encode(_:)`` wrote.
    /// - Throws: ``ChangeFormatError`` if the bytes are not exactly that.
    package static func decode(_ bytes: [UInt8]) throws(ChangeFormatError) -> [ClusterChange] {
        var reader = BinaryReader(bytes)
        var changes: [ClusterChange] = []
        while !reader.isAtEnd { changes.append(try ClusterChange(from: &reader)) }
        return changes
    }

    /// The first byte of each change.
    private enum Kind: UInt8 {
        case identified = 1
        case topicCreated = 2
        case topicDeleted = 3
        case topicGrown = 4
        case topicConfigured = 5
        case batchAppended = 6
        case logStartMoved = 7
        case logCompacted = 8
        case producersForgotten = 9
        /// In snapshots of earlier versions: producers without timestamps.
        case logRestoredOld = 10
        case producerIDsAssigned = 11
        case transactionChanged = 12
        case transactionForgotten = 13
        case groupChanged = 14
        case groupDeleted = 15
        case offsetsCommitted = 16
        case offsetsPending = 17
        case offsetsDecided = 18
        case offsetsDeleted = 19
        case batchStored = 20
        case logRestoredInSegments = 21
        case logRestored = 22
    }

    private func write(to writer: inout BinaryWriter) {
        switch self {
        case .identified, .topicCreated, .topicDeleted, .topicGrown, .topicConfigured: writeTopic(to: &writer)
        case .batchAppended, .batchStored, .logStartMoved, .logCompacted, .producersForgotten, .logRestored:
            writeLog(to: &writer)
        case .producerIDsAssigned, .transactionChanged, .transactionForgotten: writeTransaction(to: &writer)
        case .groupChanged, .groupDeleted, .offsetsCommitted, .offsetsPending, .offsetsDecided, .offsetsDeleted:
            writeGroup(to: &writer)
        }
    }

    private func writeTopic(to writer: inout BinaryWriter) {
        switch self {
        case .identified(let clusterID):
            writer.number(Kind.identified.rawValue)
            writer.text(clusterID)
        case .topicCreated(let name, let id, let count, let overrides):
            writer.number(Kind.topicCreated.rawValue)
            writer.text(name)
            writer.number(id.high)
            writer.number(id.low)
            writer.number(count)
            writer.texts(overrides)
        case .topicDeleted(let name):
            writer.number(Kind.topicDeleted.rawValue)
            writer.text(name)
        case .topicGrown(let name, let count):
            writer.number(Kind.topicGrown.rawValue)
            writer.text(name)
            writer.number(count)
        case .topicConfigured(let name, let overrides):
            writer.number(Kind.topicConfigured.rawValue)
            writer.text(name)
            writer.texts(overrides)
        default: break
        }
    }

    private func writeLog(to writer: inout BinaryWriter) {
        switch self {
        case .batchAppended(let partition, let nowMs, let batch):
            writer.number(Kind.batchAppended.rawValue)
            writer.partition(partition)
            writer.number(nowMs)
            writer.data(batch.bytes)
        case .batchStored(let partition, let nowMs, let reference):
            writer.number(Kind.batchStored.rawValue)
            writer.partition(partition)
            writer.number(nowMs)
            reference.write(to: &writer)
        case .logStartMoved(let partition, let offset):
            writer.number(Kind.logStartMoved.rawValue)
            writer.partition(partition)
            writer.number(offset)
        case .logCompacted(let partition, let nowMs, let endOffset):
            writer.number(Kind.logCompacted.rawValue)
            writer.partition(partition)
            writer.number(nowMs)
            writer.number(endOffset)
        case .producersForgotten(let partition, let silentSinceMs):
            writer.number(Kind.producersForgotten.rawValue)
            writer.partition(partition)
            writer.number(silentSinceMs)
        case .logRestored(let partition, let image):
            let kind = if case .segments = image.content { Kind.logRestoredInSegments } else { Kind.logRestored }
            writer.number(kind.rawValue)
            writer.partition(partition)
            image.write(to: &writer)
        default: break
        }
    }

    private func writeTransaction(to writer: inout BinaryWriter) {
        switch self {
        case .producerIDsAssigned(let next):
            writer.number(Kind.producerIDsAssigned.rawValue)
            writer.number(next)
        case .transactionChanged(let entry):
            writer.number(Kind.transactionChanged.rawValue)
            entry.write(to: &writer)
        case .transactionForgotten(let transactionalID):
            writer.number(Kind.transactionForgotten.rawValue)
            writer.text(transactionalID)
        default: break
        }
    }

    private func writeGroup(to writer: inout BinaryWriter) {
        switch self {
        case .groupChanged(let entry):
            writer.number(Kind.groupChanged.rawValue)
            entry.write(to: &writer)
        case .groupDeleted(let groupID):
            writer.number(Kind.groupDeleted.rawValue)
            writer.text(groupID)
        case .offsetsCommitted(let groupID, let offsets):
            writer.number(Kind.offsetsCommitted.rawValue)
            writer.text(groupID)
            writer.list(offsets) { $1.write(to: &$0) }
        case .offsetsPending(let groupID, let producerID, let offsets):
            writer.number(Kind.offsetsPending.rawValue)
            writer.text(groupID)
            writer.number(producerID)
            writer.list(offsets) { $1.write(to: &$0) }
        case .offsetsDecided(let groupID, let producerID, let isCommit):
            writer.number(Kind.offsetsDecided.rawValue)
            writer.text(groupID)
            writer.number(producerID)
            writer.flag(isCommit)
        case .offsetsDeleted(let groupID, let partitions):
            writer.number(Kind.offsetsDeleted.rawValue)
            writer.text(groupID)
            writer.list(partitions) { $0.partition($1) }
        default: break
        }
    }

    private init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        guard let kind = Kind(rawValue: try reader.number()) else { throw ChangeFormatError() }
        switch kind {
        case .identified: self = .identified(clusterID: try reader.text())
        case .topicCreated:
            let name = try reader.text()
            let id = TopicID(high: try reader.number(), low: try reader.number())
            let count: Int32 = try reader.number()
            self = .topicCreated(name: name, id: id, partitionCount: count, overrides: try reader.texts())
        case .topicDeleted: self = .topicDeleted(name: try reader.text())
        case .topicGrown: self = .topicGrown(name: try reader.text(), partitionCount: try reader.number())
        case .topicConfigured: self = .topicConfigured(name: try reader.text(), overrides: try reader.texts())
        case .batchAppended:
            self = .batchAppended(
                try reader.partition(), nowMs: try reader.number(), try RecordBatch(from: &reader))
        case .batchStored:
            self = .batchStored(
                try reader.partition(), nowMs: try reader.number(), try BatchReference(from: &reader))
        case .logStartMoved: self = .logStartMoved(try reader.partition(), offset: try reader.number())
        case .logCompacted:
            self = .logCompacted(
                try reader.partition(), nowMs: try reader.number(), endOffset: try reader.number())
        case .producersForgotten:
            self = .producersForgotten(try reader.partition(), silentSinceMs: try reader.number())
        case .logRestoredOld:
            let partition = try reader.partition()
            self = .logRestored(partition, try LogImage(from: &reader, inSegments: false, isOld: true))
        case .logRestored:
            self = .logRestored(try reader.partition(), try LogImage(from: &reader, inSegments: false))
        case .logRestoredInSegments:
            self = .logRestored(try reader.partition(), try LogImage(from: &reader, inSegments: true))
        case .producerIDsAssigned: self = .producerIDsAssigned(next: try reader.number())
        case .transactionChanged: self = .transactionChanged(try TransactionEntry(from: &reader))
        case .transactionForgotten: self = .transactionForgotten(transactionalID: try reader.text())
        case .groupChanged: self = .groupChanged(try GroupEntry(from: &reader))
        case .groupDeleted: self = .groupDeleted(groupID: try reader.text())
        case .offsetsCommitted:
            self = .offsetsCommitted(groupID: try reader.text(), try StoredOffsetEntry.list(from: &reader))
        case .offsetsPending:
            self = .offsetsPending(
                groupID: try reader.text(), producerID: try reader.number(),
                try StoredOffsetEntry.list(from: &reader))
        case .offsetsDecided:
            self = .offsetsDecided(
                groupID: try reader.text(), producerID: try reader.number(), isCommit: try reader.flag())
        case .offsetsDeleted:
            let groupID = try reader.text()
            self = .offsetsDeleted(
                groupID: groupID, try reader.list { reader throws(ChangeFormatError) in try reader.partition() })
        }
    }
}
