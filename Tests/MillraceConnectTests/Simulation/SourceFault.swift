import Millrace
import MillraceConnect
import MillraceEngine
import Testing

@testable import MillraceTesting

/// A mistake that the task of a source could make.
struct SourceFault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var wrapProducer: @Sendable (any ProducerPort, _ plain: () -> any ProducerPort) -> any ProducerPort = {
        producer, _ in producer
    }
    var wrapReader: @Sendable (any ReaderPort) -> any ReaderPort = { $0 }
    var wrapSource: @Sendable (any SourceConnector) -> any SourceConnector = { $0 }

    static let all = [
        SourceFault(
            testDescription: "the position is written outside the transaction",
            wrapProducer: { producer, plain in SplitProducer(producer, positions: plain()) }),
        SourceFault(
            testDescription: "the last position is looked for before earlier tasks are fenced",
            wrapProducer: { producer, _ in LateProducer(producer) }),
        SourceFault(
            testDescription: "positions behind another task's open transaction are not waited for",
            wrapReader: { HastyReader($0) }),
        SourceFault(
            testDescription: "the source is told of what is read, not of what is committed",
            wrapSource: { EagerSource(inner: $0) }),
    ]
}

/// Writes positions with a producer of its own.
private final class SplitProducer: ProducerDecorator {
    private let positions: any ProducerPort
    private var topic: Int?

    init(_ inner: any ProducerPort, positions: any ProducerPort) {
        self.positions = positions
        super.init(inner)
    }

    override func initTransactions() throws(PortError) {
        try positions.initTransactions()
        try super.initTransactions()
    }

    override func topic(named name: String) throws(PortError) -> Int {
        guard name == "positions" else { return try super.topic(named: name) }
        _ = try positions.topic(named: name)
        topic = -1
        return -1
    }

    override func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        guard topic == self.topic else {
            return try super.send(
                topic: topic, partition: partition, key: key, value: value, timestampMs: timestampMs, headers: headers)
        }
        try positions.send(
            topic: 0, partition: partition, key: key, value: value, timestampMs: timestampMs, headers: headers)
        try positions.flush()
    }

    override func partitionCount(of topic: Int) throws(PortError) -> Int32 {
        topic == self.topic ? try positions.partitionCount(of: 0) : try super.partitionCount(of: topic)
    }
}

/// Registers its transactional id with the first transaction only.
private final class LateProducer: ProducerDecorator {
    private var isRegistered = false

    override func initTransactions() {}

    override func beginTransaction() throws(PortError) {
        if !isRegistered { try super.initTransactions() }
        isRegistered = true
        try super.beginTransaction()
    }
}

/// Takes the last stable offset for the end.
private final class HastyReader: ReaderDecorator {
    private var end: Int64?

    override func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        let polled = try super.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        for case .endOfPartition(_, let offset) in polled.events { end = end ?? offset }
        return polled
    }

    override func knownEndOffset(of partition: TopicPartition) -> Int64? { end }
}

private struct EagerSource: SourceConnector {
    let inner: any SourceConnector

    func partitions() throws -> [String] { try inner.partitions() }

    func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        EagerReader(try inner.open(partition, from: position))
    }
}

private final class EagerReader: SourcePartitionReader {
    private let inner: any SourcePartitionReader

    init(_ inner: any SourcePartitionReader) { self.inner = inner }

    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        let batch = try inner.read(count, withinMs: milliseconds)
        if let position = batch.position { try inner.committed(position) }
        return batch
    }

    func committed(_ position: SourcePosition) throws { try inner.committed(position) }

    func close() { inner.close() }
}
