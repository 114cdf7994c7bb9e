import Millrace
import MillraceEngine
import Testing

@testable import MillraceConnect
@testable import MillraceTesting

/// A mistake that the task of a sink could make.
struct SinkFault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var isUnfenced = false
    var readsUncommitted = false
    var wrapReader: @Sendable (any GroupConsumer) -> any ReaderPort & OffsetsPort = { $0 }
    var isUnchecked = false
    var keepsRowsAtRestart = false
    var triesOnce = false
    var wrapProducer: @Sendable (any ProducerPort) -> any ProducerPort = { $0 }
    var wrapSink: @Sendable (any SinkConnector) -> any SinkConnector = { $0 }

    static let all = [
        SinkFault(
            testDescription: "the offsets are committed to the group, beside the target's transaction",
            wrapSink: { ForgetfulSink(inner: $0) }),
        SinkFault(testDescription: "a writer that lost its partitions may commit", isUnfenced: true),
        SinkFault(
            testDescription: "a dead letter is sent after the commit", wrapProducer: { LateLetters($0) }),
        SinkFault(
            testDescription: "a commit does not wait for the refusals of what is written",
            wrapSink: { HastySink(inner: $0) }),
        SinkFault(
            testDescription: "records of a commit that failed are written on", wrapSink: { ClingingSink(inner: $0) }),
        SinkFault(
            testDescription: "the position is counted in records instead of offsets",
            wrapSink: { CountingSink(inner: $0) }),
        SinkFault(testDescription: "a record of an aborted transaction is written", readsUncommitted: true),
        SinkFault(
            testDescription: "the group does not hear of an end without a record before it",
            wrapReader: { EndlessReader($0) }),
        SinkFault(
            testDescription: "the checks of a transaction's end are left to the commit", isUnchecked: true),
        SinkFault(
            testDescription: "a transaction that is written again has the rows of the first time",
            keepsRowsAtRestart: true),
        SinkFault(
            testDescription: "a row that was refused at the end is not tried again beside later ones", triesOnce: true),
    ]
}

/// Sends letters with the next flush.
private final class LateLetters: ProducerDecorator {
    private struct Letter {
        var topic: Int
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
        var headers: Headers
    }

    private var waiting: [Letter] = []

    override func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        waiting.append(
            Letter(
                topic: topic, key: key.map(Array.init), value: value.map(Array.init), timestampMs: timestampMs,
                headers: headers))
    }

    override func flush() throws(PortError) {
        try super.flush()
        for letter in waiting {
            try withBytes(of: letter.key, letter.value) { (key, value) throws(PortError) in
                try inner.send(
                    topic: letter.topic, partition: nil, key: key, value: value, timestampMs: letter.timestampMs,
                    headers: letter.headers)
            }
        }
        waiting = []
    }
}

private struct ForgetfulSink: SinkConnector {
    let inner: any SinkConnector
    var topics: [String] { inner.topics }

    func open() throws -> any SinkWriter { ForgetfulWriter(try inner.open()) }
}

private class WriterDecorator: SinkWriter {
    let inner: any SinkWriter

    init(_ inner: any SinkWriter) { self.inner = inner }

    func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] { try inner.begin(partitions) }

    func end(_ partitions: [TopicPartition]) { inner.end(partitions) }

    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] { try inner.write(records) }

    func finish() throws -> [RefusedSinkRecord] { try inner.finish() }

    func commit(_ offsets: [TopicPartition: Int64]) throws { try inner.commit(offsets) }

    func rollBack() { inner.rollBack() }

    func close() { inner.close() }
}

private final class ForgetfulWriter: WriterDecorator {
    override func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        _ = try inner.begin(partitions)
        return [:]
    }
}

private struct HastySink: SinkConnector {
    let inner: any SinkConnector
    var topics: [String] { inner.topics }

    func open() throws -> any SinkWriter { HastyWriter(try inner.open()) }
}

private final class HastyWriter: WriterDecorator {
    override func finish() -> [RefusedSinkRecord] { [] }
}

private struct ClingingSink: SinkConnector {
    let inner: any SinkConnector
    var topics: [String] { inner.topics }

    func open() throws -> any SinkWriter { ClingingWriter(try inner.open()) }
}

private final class ClingingWriter: WriterDecorator {
    override func rollBack() {}
}

private struct CountingSink: SinkConnector {
    let inner: any SinkConnector
    var topics: [String] { inner.topics }

    func open() throws -> any SinkWriter { CountingWriter(try inner.open()) }
}

private final class CountingWriter: WriterDecorator {
    private var next: [TopicPartition: Int64] = [:]

    override func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        next = try super.begin(partitions)
        return next
    }

    override func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        for record in records { next[record.partition, default: 0] += 1 }
        return try super.write(records)
    }

    override func commit(_ offsets: [TopicPartition: Int64]) throws {
        try super.commit(Dictionary(uniqueKeysWithValues: offsets.map { ($0, next[$0] ?? $1) }))
    }
}

/// Does not tell that a partition has been read to its end.
private final class EndlessReader: ConsumerDecorator {
    override func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        var polled = try super.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        polled.events.removeAll { event in
            if case .endOfPartition = event { true } else { false }
        }
        return polled
    }
}
