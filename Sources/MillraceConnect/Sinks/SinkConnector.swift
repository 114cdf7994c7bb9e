public import Millrace

/// A system outside Kafka into which the records of topics are written.
///
/// A sink that keeps its offsets in the same transaction of the target as what it writes has each record exactly once. One that keeps none
/// gets some records again after a failure, so it should write in such a way that the second time changes nothing. Kafka Connect:
/// `SinkConnector`, `SinkTask`.
public protocol SinkConnector: Sendable {
    /// The topics whose records are written.
    var topics: [String] { get }

    /// Opens a connection to the target, for one thread.
    ///
    /// - Throws: ``ConnectorError``.
    func open() throws -> any SinkWriter
}

/// The writing into a target, on one thread, of the partitions that the thread has at the moment.
public protocol SinkWriter: AnyObject {
    /// Whether the target keeps the offsets of what was committed; `false` by default.
    ///
    /// A target may forget the last seconds, such as when a replica takes over that lags. If it forgets that it ever had an offset, the group's
    /// counts. So the group hears of an offset only when the target has kept one for ten seconds.
    var keepsOffsets: Bool { get }

    /// Takes the sole right to write the records of some partitions. A writer that had it before can commit nothing of them any more.
    ///
    /// - Parameter partitions: partitions that this writer does not have yet.
    /// - Returns: for each partition the offset of the first record that the target does not have; a partition is missing if the
    ///   target keeps no offset of it, and then the offset that the group has committed counts.
    /// - Throws: ``ConnectorError``.
    func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64]

    /// Gives partitions up, of which nothing is written that is not committed.
    func end(_ partitions: [TopicPartition])

    /// Writes records, not yet for good. Those of a partition follow each other. The target may still be at work on them afterwards.
    ///
    /// - Parameter records: the records of partitions that this writer has.
    /// - Returns: the records, of this call or of earlier ones, that the target refuses whenever they are tried, such as one with text in
    ///   place of a number. Each is returned once. They go to the dead letters, and the others are written all the same.
    /// - Throws: ``ConnectorError`` if nothing was written; a call of ``rollBack()`` follows.
    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord]

    /// Waits until the target has taken or refused all records that were written. Called before each commit of records.
    ///
    /// - Returns: the refused records that no call has returned yet; by default none.
    /// - Throws: ``ConnectorError``; a call of ``rollBack()`` follows.
    func finish() throws -> [RefusedSinkRecord]

    /// Makes for good what was written since the last commit.
    ///
    /// - Parameter offsets: the offset after the last record of each partition.
    /// - Throws: ``ConnectorError``. Whether it was committed may be unknown then; ``begin(_:)`` says so the next time.
    func commit(_ offsets: [TopicPartition: Int64]) throws

    /// Forgets what is not committed, and all partitions. It never fails: a connection that is broken is opened anew by
    /// ``begin(_:)``.
    func rollBack()

    /// Releases the writer's resources. Called once.
    func close()
}

extension SinkWriter {
    public var keepsOffsets: Bool { false }

    /// Returns no records, for targets that have taken or refused everything when `write` returns.
    public func finish() -> [RefusedSinkRecord] { [] }
}

/// A record of a topic that a sink writes.
public struct SinkRecord: Sendable, Hashable {
    /// The partition from which the record comes.
    public var partition: TopicPartition
    /// The record's offset.
    public var offset: Int64
    /// Milliseconds since 1 January 1970, UTC; −1 if the broker has none.
    public var timestampMs: Int64
    /// The key's bytes; `nil` for none.
    public var key: [UInt8]?
    /// The value's bytes; `nil` for a tombstone.
    public var value: [UInt8]?
    /// The headers.
    public var headers: Headers

    /// Makes a record.
    ///
    /// - Parameters:
    ///   - partition: the partition from which the record comes.
    ///   - offset: the record's offset.
    ///   - timestampMs: milliseconds since 1 January 1970, UTC; −1 by default, for none.
    ///   - key: the key's bytes; `nil` for none.
    ///   - value: the value's bytes; `nil` for a tombstone.
    ///   - headers: the headers; none by default.
    public init(
        partition: TopicPartition, offset: Int64, timestampMs: Int64 = -1, key: [UInt8]?, value: [UInt8]?,
        headers: Headers = []
    ) {
        self.partition = partition
        self.offset = offset
        self.timestampMs = timestampMs
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// A record that the target refuses, and why.
public struct RefusedSinkRecord: Sendable, Hashable {
    /// The record.
    public var record: SinkRecord
    /// A sentence that says what is wrong with it.
    public var reason: String

    /// Makes a refusal.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - reason: a sentence that says what is wrong with it.
    public init(_ record: SinkRecord, reason: String) {
        self.record = record
        self.reason = reason
    }
}
