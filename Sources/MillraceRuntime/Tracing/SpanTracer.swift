import Logging
import Millrace
import MillraceEngine
import Tracing

/// Makes the spans of a worker with a tracer of swift-distributed-tracing, by OpenTelemetry's conventions for messaging.
///
/// A step makes a trace: its poll is the root, the batches of its tasks are children, and so is a commit or an abort, which links the
/// batches that it covers. A sampled record has a span in the trace of whoever sent the record. It links the poll, and the batch
/// links the sender's span.
///
/// Source: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans and …/messaging/kafka.
final class SpanTracer<SomeTracer: Tracer>: TracePort {
    /// The largest number of links of a span.
    private static var maxLinks: Int { 128 }

    private let tracer: SomeTracer
    private let group: String
    private let clientID: String
    private let sampleRatio: Double
    private var generator: any RandomNumberGenerator
    /// The context of the step's poll; `nil` if it brought no records.
    private var poll: InstrumentationContext?
    /// The contexts of the records of the batch that is being processed: their senders' or, where there is none, their own.
    private var records: [InstrumentationContext] = []
    /// The contexts of the batches since the last commit.
    private var batches: [InstrumentationContext] = []

    /// - Parameters:
    ///   - group: the consumer group.
    ///   - sampleRatio: the share of the records without a trace that begin one, from 0 to 1.
    ///   - generator: decides which of them do.
    init(
        _ tracer: SomeTracer, group: String, clientID: String, sampleRatio: Double,
        generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.tracer = tracer
        self.group = group
        self.clientID = clientID
        self.sampleRatio = sampleRatio
        self.generator = generator
    }

    var now: UInt64 { DefaultTracerClock.now.nanosecondsSinceEpoch }

    // MARK: Records

    func begin(_ record: RawRecord, task: String) -> (any RecordSpan)? {
        var context = InstrumentationContext.topLevel
        let isSampled = record.headers.last(named: TraceParent.name)?.value.flatMap(TraceParent.isSampled)
        switch isSampled {
        case true?: tracer.extract(record.headers, into: &context, using: HeaderExtractor())
        case false?: return nil
        case nil: guard drawsSample() else { return nil }
        }
        let span = tracer.startSpan(
            name(of: "process", record.topic), context: context, ofKind: .consumer)
        span.updateAttributes { attributes in
            describe("process", type: "process", &attributes)
            attributes["messaging.destination.name"] = record.topic
            attributes["messaging.destination.partition.id"] = "\(record.partition)"
            attributes["messaging.kafka.offset"] = record.offset
            attributes["millrace.task"] = task
            if record.value == nil { attributes["messaging.kafka.message.tombstone"] = true }
        }
        if let poll { span.addLink(SpanLink(context: poll, attributes: [:])) }
        if records.count < Self.maxLinks { records.append(isSampled == nil ? span.context : context) }
        return SampledRecord(
            span, of: tracer,
            state: isSampled == nil ? .dropped : .kept(record.headers.last(named: TraceParent.stateName)))
    }

    private func drawsSample() -> Bool {
        if sampleRatio <= 0 { return false }
        return sampleRatio >= 1 || Double.random(in: 0..<1, using: &generator) < sampleRatio
    }

    // MARK: Batches

    func add(_ work: TracedWork) {
        switch work.operation {
        case .poll:
            records.removeAll(keepingCapacity: true)
            poll = work.recordCount == 0 ? nil : add(work, type: "receive", .client, under: nil, linking: [])
        case .process:
            let batch = add(work, type: "process", .consumer, under: poll, linking: records)
            records.removeAll(keepingCapacity: true)
            if batches.count < Self.maxLinks { batches.append(batch) }
        case .commit, .abort:
            _ = add(work, type: "settle", .client, under: poll, linking: batches)
            // After an error the same work is committed again, or aborted.
            if work.error == nil { batches.removeAll(keepingCapacity: true) }
        }
    }

    /// Makes the span of work that has just ended. Returns its context.
    private func add(
        _ work: TracedWork, type: String, _ kind: SpanKind, under parent: InstrumentationContext?,
        linking links: [InstrumentationContext]
    ) -> InstrumentationContext {
        let topics = Set(work.partitions.map(\.topic))
        let topic = topics.count == 1 ? topics.first : nil
        let span = tracer.startSpan(
            name(of: work.operation.rawValue, topic), context: parent ?? .topLevel, ofKind: kind,
            at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: work.begun))
        span.updateAttributes { attributes in
            describe(work.operation.rawValue, type: type, &attributes)
            if let topic { attributes["messaging.destination.name"] = topic }
            if work.partitions.count == 1, let partition = work.partitions.first?.partition {
                attributes["messaging.destination.partition.id"] = "\(partition)"
            }
            if let count = work.recordCount { attributes["messaging.batch.message_count"] = count }
            if let task = work.task { attributes["millrace.task"] = task }
        }
        for link in links { span.addLink(SpanLink(context: link, attributes: [:])) }
        if let error = work.error { span.fail(error) }
        span.end()
        return span.context
    }

    private func name(of operation: String, _ topic: String?) -> String {
        topic.map { "\(operation) \($0)" } ?? operation
    }

    private func describe(_ operation: String, type: String, _ attributes: inout SpanAttributes) {
        attributes["messaging.system"] = "kafka"
        attributes["messaging.operation.name"] = operation
        attributes["messaging.operation.type"] = type
        attributes["messaging.consumer.group.name"] = group
        attributes["messaging.client.id"] = clientID
    }
}

extension Span {
    /// Marks the span as failed.
    fileprivate func fail(_ error: any Error) {
        let code = (error as? StreamsError)?.code.rawValue
        attributes["error.type"] = code ?? String(reflecting: type(of: error))
        recordError(error)
        setStatus(SpanStatus(code: .error, message: "\(error)"))
    }
}

/// The span of one record.
private final class SampledRecord<SomeTracer: Tracer>: RecordSpan {
    /// The header `tracestate` of the records that are produced, if the tracer does not write one.
    enum TraceState {
        /// The sender's, which continues.
        case kept(Header?)
        /// None, because the trace begins here.
        case dropped
    }

    private let span: SomeTracer.Span
    private let tracer: SomeTracer
    private let state: TraceState
    private var isFailed = false
    private lazy var carrying: [Header] = {
        var headers: [Header] = []
        tracer.inject(span.context, into: &headers, using: HeaderInjector())
        return headers
    }()

    init(_ span: SomeTracer.Span, of tracer: SomeTracer, state: TraceState) {
        self.span = span
        self.tracer = tracer
        self.state = state
    }

    func activate(_ body: () throws -> Void) rethrows {
        try InstrumentationContext.$current.withValue(span.context, operation: body)
    }

    func propagate(into headers: inout Headers) {
        var written = Set(carrying.map(\.name))
        // A tracer that writes other headers than W3C's does not disturb a trace that goes on in those.
        guard !written.isEmpty else { return }
        var added = carrying
        if written.contains(TraceParent.name), !written.contains(TraceParent.stateName) {
            switch state {
            case .kept(let header): if let header, headers.last(named: header.name) == nil { added.append(header) }
            case .dropped: written.insert(TraceParent.stateName)
            }
        }
        headers = Headers(headers.filter { !written.contains($0.name) } + added)
    }

    func fail(_ error: any Error) {
        if isFailed { return }
        isFailed = true
        span.fail(error)
    }

    func end() { span.end() }
}

/// Returns the port of a tracer; `nil` for one that makes no spans.
func tracePort(
    _ tracer: any Tracer, group: String, clientID: String, sampleRatio: Double
) -> (any TracePort)? {
    func open(_ tracer: some Tracer) -> any TracePort {
        SpanTracer(tracer, group: group, clientID: clientID, sampleRatio: sampleRatio)
    }
    return tracer is NoOpTracer ? nil : open(tracer)
}
