/// A system outside Kafka whose changes are written into topics.
///
/// The records of a source arrive exactly once: they are written in one transaction with the position after them, and whoever goes on reads
/// from the last position that was committed. So a source has to give the same records again when it is read again from a position.
/// Kafka Connect: `SourceConnector`, exactly once as in KIP-618.
public protocol SourceConnector: Sendable {
    /// The topics that the source writes, as far as they are known before the first record; none by default. Whoever holds the source back
    /// while its readers are behind looks at these, and at all to which it has written.
    var topics: [String] { get }

    /// Returns the names of the parts that can be read independently, such as a table, a stream, or a replication slot. Each part is read by
    /// one process at a time.
    ///
    /// - Throws: ``ConnectorError``.
    func partitions() throws -> [String]

    /// Opens a part.
    ///
    /// - Parameters:
    ///   - partition: the name of the part.
    ///   - position: the position from which to go on; `nil` to begin.
    /// - Throws: ``ConnectorError``, such as for a position that the source does not have any more.
    func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader

    /// Looks how much of a part is not read yet; `nil`, the default, if that is not known. It is asked for while the part is paused, when
    /// no reader tells.
    ///
    /// - Parameters:
    ///   - partition: the name of the part.
    ///   - position: the last committed position.
    /// - Throws: ``ConnectorError``.
    func backlog(of partition: String, after position: SourcePosition) throws -> SourceBacklog?
}

extension SourceConnector {
    public var topics: [String] { [] }
    public func backlog(of partition: String, after position: SourcePosition) throws -> SourceBacklog? { nil }
}

/// The reading of one part of a source, on one thread.
public protocol SourcePartitionReader: AnyObject {
    /// Returns the records that follow those of the last call.
    ///
    /// - Parameters:
    ///   - count: the number of records at most. A source that cannot stop between records may return more.
    ///   - milliseconds: the time to wait for the first record; 0 to return what is there.
    /// - Returns: the records, with the position after them; without records, the position may have moved all the same.
    /// - Throws: ``ConnectorError``.
    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch

    /// Hears that everything up to a position is in Kafka for good. A source that keeps its changes for this reader may forget them.
    ///
    /// - Throws: ``ConnectorError``.
    func committed(_ position: SourcePosition) throws

    /// The records that the part has and that are not read yet, as of the last look; `nil`, the default, if it is not known. It is asked for
    /// after each step, so the answer has to be at hand.
    var backlog: SourceBacklog? { get }

    /// Releases the reader's resources. Called once.
    func close()
}

extension SourcePartitionReader {
    public var backlog: SourceBacklog? { nil }
}

/// A place in a part of a source: after some of its records and before the others. Only the source understands it.
public struct SourcePosition: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    /// The place in the source's own words, at most some hundred bytes.
    public var rawValue: String

    /// Makes a position.
    ///
    /// - Parameter rawValue: the place in the source's own words.
    public init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }
}

/// Records that a source has read, and the position after them.
public struct SourceBatch: Sendable, Hashable {
    /// The records, in their order.
    public var records: [SourceRecord]
    /// The position after the records; `nil` if it is that of before.
    public var position: SourcePosition?
    /// The losses that the source has noticed since the last batch.
    public var losses: [RecordLoss]

    /// Makes a batch.
    ///
    /// - Parameters:
    ///   - records: the records, in their order.
    ///   - position: the position after them; `nil` if there are none, and the position is that of before.
    ///   - losses: the losses that the source has noticed since the last batch; none by default.
    public init(_ records: [SourceRecord] = [], position: SourcePosition? = nil, losses: [RecordLoss] = []) {
        self.records = records
        self.position = position
        self.losses = losses
    }
}
