import InMemoryTracing
import Tracing

/// A tracer that keeps its spans in memory and passes contexts on as W3C Trace Context does, without a `tracestate` of its own.
struct W3CTracer: Tracer {
    private let memory = InMemoryTracer(
        idGenerator: .init(nextTraceID: { hexadecimal(count: 2) }, nextSpanID: { hexadecimal(count: 1) }),
        recordInjections: false, recordExtractions: false)

    var spans: [FinishedInMemorySpan] { memory.finishedSpans }

    func spans(named name: String) -> [FinishedInMemorySpan] { spans.filter { $0.operationName == name } }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        memory.startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line
        )
    }

    func forceFlush() {}

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parts = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-"), parts.count == 4
        else { return }
        context.inMemorySpanContext = InMemorySpanContext(
            traceID: String(parts[1]), spanID: String(parts[2]), parentSpanID: nil)
    }

    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.inMemorySpanContext else { return }
        injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
    }

    private static func hexadecimal(count: Int) -> String {
        (0..<count).map { _ in
            let digits = String(UInt64.random(in: 1...UInt64.max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
