import InMemoryTracing
import Millrace
import MillraceEngine
import TestSupport
import Testing
import Tracing

@testable import MillraceRuntime

@Suite("Spans of records")
struct SpanTracerTests {
    private static let context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test(
        "a header counts as a sampled context only as W3C Trace Context defines it",
        arguments: [
            (context, true), ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02", false),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes", true), (context + "-x", nil),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.x", nil),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", nil),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", nil),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", nil),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", nil),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", nil),
            ("00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01", nil), ("", nil), ("-", nil), ("00", nil),
            (String(repeating: "0", count: 55), nil), (String(repeating: "-", count: 10_000), nil),
        ] as [(String, Bool?)])
    func traceparent(text: String, isSampled: Bool?) {
        #expect(TraceParent.isSampled(Array(text.utf8)) == isSampled)
    }

    @Test("no bytes make the header trap")
    func hostileBytes() {
        var generator = SeededNumbers(seed: 7)
        for _ in 0..<2_000 {
            var bytes = Array(Self.context.utf8)
            for _ in 0..<Int.random(in: 0..<4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
            let tracer = W3CTracer()
            let headers: Headers = [
                Header(name: "traceparent", value: bytes), Header(name: "tracestate", value: [0xff]),
            ]
            let span = port(tracer, ratio: 0).begin(record(headers), task: "0_0")
            #expect((span != nil) == (TraceParent.isSampled(bytes) == true))
            span?.end()
        }
    }

    @Test(
        "a share of the records without a context begins a trace, the same for the same seed", arguments: [0, 0.1, 1])
    func sampling(ratio: Double) {
        func sampled() -> [Int] {
            let port = port(W3CTracer(), ratio: ratio)
            return (0..<10_000).filter { _ in
                let span = port.begin(record([]), task: "0_0")
                span?.end()
                return span != nil
            }
        }
        let first = sampled()
        #expect(first == sampled())
        #expect(abs(Double(first.count) / 10_000 - ratio) < 0.01)
    }

    @Test("the last header of a name counts, and a produced record has one")
    func severalHeaders() throws {
        let tracer = W3CTracer()
        let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        var headers: Headers = [
            Header(name: "traceparent", value: Array(other.utf8)), Header(name: "a", value: nil),
            Header(name: "traceparent", value: Array(Self.context.utf8)), Header(name: "a", value: [1]),
        ]
        let span = try #require(port(tracer, ratio: 0).begin(record(headers), task: "0_0"))
        span.propagate(into: &headers)
        span.end()
        let id = try #require(tracer.spans.first?.spanID)
        #expect(
            Array(headers) == [
                Header(name: "a", value: nil), Header(name: "a", value: [1]),
                Header(name: "traceparent", value: Array("00-4bf92f3577b34da6a3ce929d0e0e4736-\(id)-01".utf8)),
            ])
    }

    @Test("without a tracer nothing is traced")
    func noTracer() {
        #expect(tracePort(NoOpTracer(), group: "app", clientID: "app-0", sampleRatio: 1) == nil)
    }

    /// Compiled only: a process can bootstrap one tracer. The example of docs/tracing.md.
    private func bootstraps(_ tracer: W3CTracer) -> StreamsConfiguration {
        InstrumentationSystem.bootstrap(tracer)
        var configuration = StreamsConfiguration(
            applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk")
        configuration.traceSampleRatio = 0.001
        return configuration
    }

    private func port(_ tracer: W3CTracer, ratio: Double) -> SpanTracer<W3CTracer> {
        SpanTracer(
            tracer, group: "app", clientID: "app-0", sampleRatio: ratio, generator: SeededNumbers(seed: 42))
    }

    private func record(_ headers: Headers) -> RawRecord {
        RawRecord(topic: "in", partition: 0, offset: 0, timestampMs: 0, headers: headers, key: nil, value: nil)
    }
}
