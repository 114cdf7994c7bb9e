import InMemoryTracing
import KafkaClient
import Millrace
import MillraceRuntime
import Synchronization
import Testing
import Tracing

extension ApplicationTests {
    @Suite("Tracing")
    struct TracingTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")
        private let tracer = W3CTracer()
        private let input: String
        private let output: String
        /// The context of whoever sends the traced record.
        private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        private let sender = "00f067aa0ba902b7"

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
            input = try cluster.createTopic("in")
            output = try cluster.createTopic("out")
        }

        private func configuration(_ guarantee: ProcessingGuarantee = .exactlyOnce) -> StreamsConfiguration {
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = guarantee
            configuration.commitInterval = .milliseconds(100)
            configuration.tracer = tracer
            return configuration
        }

        private func headers(sampled: Bool = true) -> KeyValuePairs<String, String> {
            ["user": "mine", "traceparent": "00-\(trace)-\(sender)-0\(sampled ? 1 : 0)", "tracestate": "vendor=1"]
        }

        @Test(
            "a sampled record's trace goes through a repartition topic and a table to the result, with the other headers",
            arguments: ProcessingGuarantee.allCases)
        func wholeTrace(guarantee: ProcessingGuarantee) async throws {
            try cluster.write(
                [
                    TestRecord(key: "a", value: "x"), TestRecord(key: "b", value: "traced", headers: headers()),
                    TestRecord(key: "c", value: "y", headers: headers(sampled: false)),
                ], to: input)
            let instance = try RunningInstance(configuration(guarantee)) { builder in
                builder.stream(input, key: .string, value: .string)
                    .selectKey { _, value in value }
                    .repartition(named: "by-value")
                    .to(output)
            }
            try await instance.awaits(processed: 6)
            try await eventually("the results") { try cluster.read(output).count == 3 }
            try await instance.stop()

            let repartition = "\(application)-by-value-repartition"
            let first = try #require(tracer.spans(named: "process \(input)").first { $0.traceID == trace })
            let second = try #require(tracer.spans(named: "process \(repartition)").first { $0.traceID == trace })
            #expect(tracer.spans.count { $0.traceID == trace } == 2)
            #expect(second.parentSpanID == first.spanID)
            #expect(first.kind == .consumer)
            let attributes = first.attributes
            #expect(attributes["messaging.system"]?.toSpanAttribute() == "kafka")
            #expect(attributes["messaging.operation.name"]?.toSpanAttribute() == "process")
            #expect(attributes["messaging.operation.type"]?.toSpanAttribute() == "process")
            #expect(attributes["messaging.destination.name"]?.toSpanAttribute() == .string(input))
            #expect(attributes["messaging.destination.partition.id"]?.toSpanAttribute() == "0")
            #expect(attributes["messaging.consumer.group.name"]?.toSpanAttribute() == .string(application))
            #expect(attributes["messaging.kafka.offset"]?.toSpanAttribute() == .int64(1))

            let results = try cluster.read(output)
            let traced = try #require(results.first { $0.key == "traced" })
            #expect(
                traced.headers == [
                    "user": "mine", "tracestate": "vendor=1", "traceparent": "00-\(trace)-\(second.spanID)-01",
                ])
            #expect(results.first { $0.key == "x" }?.headers == [:])
            // The sender has decided that this one is not traced, and it stays so.
            let unsampled = try #require(results.first { $0.key == "y" })
            #expect(unsampled.headers == Dictionary(uniqueKeysWithValues: headers(sampled: false).map { ($0, $1) }))

            try batches(of: first)
        }

        /// Checks the spans of the batch with a record, of its poll and of its commit.
        private func batches(of record: FinishedInMemorySpan) throws {
            let batch = try #require(
                tracer.spans(named: "process \(input)").first { span in
                    span.attributes["messaging.batch.message_count"] != nil
                        && span.links.contains { $0.context.inMemorySpanContext?.spanID == sender }
                })
            #expect(batch.attributes["messaging.batch.message_count"]?.toSpanAttribute() == 3)
            #expect(batch.attributes["millrace.task"]?.toSpanAttribute() == "0_0")
            let poll = try #require(tracer.spans(named: "poll \(input)").first { $0.spanID == batch.parentSpanID })
            #expect(poll.kind == .client && poll.parentSpanID == nil)
            #expect(poll.attributes["messaging.operation.type"]?.toSpanAttribute() == "receive")
            #expect(record.links.map { $0.context.inMemorySpanContext?.spanID } == [poll.spanID])
            let commits = tracer.spans.filter {
                $0.attributes["messaging.operation.type"]?.toSpanAttribute() == "settle"
            }
            #expect(commits.allSatisfy { $0.status == nil && $0.operationName.hasPrefix("commit") })
            #expect(commits.contains { $0.links.contains { $0.context.inMemorySpanContext?.spanID == batch.spanID } })
        }

        @Test("a result that a table's cache holds back until the commit continues the trace; changelogs carry none")
        func cachedTable() async throws {
            try cluster.write([TestRecord(key: "a", value: "x", headers: headers())], to: input)
            let instance = try RunningInstance(configuration()) { builder in
                builder.stream(input, key: .string, value: .string).groupByKey().count(into: .store("counts"))
                    .toStream().to(output)
            }
            try await eventually("the result") { try cluster.read(output).count == 1 }
            try await instance.stop()
            let span = try #require(tracer.spans.first { $0.traceID == trace })
            let result = try #require(try cluster.read(output).first)
            #expect(result.headers["traceparent"] == "00-\(trace)-\(span.spanID)-01")
            let changes = try cluster.read("\(application)-counts-changelog")
            #expect(changes.map(\.key) == ["a"])
            #expect(changes.allSatisfy { $0.headers["traceparent"] != "00-\(trace)-\(span.spanID)-01" })
        }

        private struct Refusal: Error {}

        @Test("the span of a failed record has the error, also if the record cannot be read or is a dead letter")
        func failures() async throws {
            let letters = try cluster.createTopic("letters")
            var configuration = configuration()
            configuration.errorHandlers = ErrorHandlers(
                deserialization: .deadLetter(topic: letters), processing: .continue)
            try cluster.write(
                [
                    TestRecord(key: "short", value: "x", headers: headers()),
                    TestRecord(key: "bad", value: "12345678", headers: headers()),
                ], to: input)
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .int64)
                    .mapValues { (_: Int64) throws -> Int64 in throw Refusal() }.to(output, value: .int64)
            }
            try await instance.awaits("both") { $0.droppedRecords.values.reduce(0, +) == 2 }
            try await eventually("the dead letter") { try cluster.read(letters).count == 1 }
            try await instance.stop()
            let spans = tracer.spans.filter { $0.traceID == trace }
            #expect(spans.count == 2)
            #expect(spans.allSatisfy { $0.status?.code == .error && $0.errors.count == 1 })
            let types = spans.map { $0.attributes["error.type"]?.toSpanAttribute() }
            #expect(types == ["deserialization", "processing"])
            let letter = try #require(try cluster.read(letters).first)
            #expect(letter.headers["traceparent"] == "00-\(trace)-\(spans[0].spanID)-01")
            #expect(letter.headers["user"] == "mine")
        }

        @Test("an error that ends the instance ends the record's span and the batch's with that error")
        func fatalFailure() async throws {
            try cluster.write([TestRecord(key: "a", value: "x", headers: headers())], to: input)
            let instance = try RunningInstance(configuration()) { builder in
                builder.stream(input, key: .string, value: .string)
                    .mapValues { (_: String) throws -> String in throw Refusal() }.to(output)
            }
            _ = try await instance.failure()
            let span = try #require(tracer.spans.first { $0.traceID == trace })
            #expect(span.errors.count == 1 && span.status?.code == .error)
            let batch = try #require(
                tracer.spans(named: "process \(input)").first { $0.attributes["messaging.batch.message_count"] != nil })
            #expect(batch.status?.code == .error)
        }

        @Test("a closure of the topology sees the span of its record as the current one")
        func currentSpan() async throws {
            let seen = Mutex<[String?]>([])
            try cluster.write([TestRecord(key: "a", value: "x", headers: headers())], to: input)
            let instance = try RunningInstance(configuration()) { builder in
                builder.stream(input, key: .string, value: .string).peek { _ in
                    let span = InstrumentationContext.current?.inMemorySpanContext?.spanID
                    seen.withLock { $0.append(span) }
                }
            }
            try await instance.awaits(processed: 1)
            try await instance.stop()
            #expect(seen.withLock { $0 } == [tracer.spans.first { $0.traceID == trace }?.spanID])
        }

        @Test("every record begins a trace if the ratio is 1; garbage in its headers is replaced")
        func ratio() async throws {
            let garbage: KeyValuePairs = ["traceparent": "\u{0}garbage", "tracestate": "vendor=1", "user": "mine"]
            try cluster.write(
                [TestRecord(key: "a", value: "x"), TestRecord(key: "b", value: "y", headers: garbage)], to: input)
            var configuration = configuration()
            configuration.traceSampleRatio = 1
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string).to(output)
            }
            try await eventually("the results") { try cluster.read(output).count == 2 }
            try await instance.stop()
            let spans = tracer.spans.filter { $0.attributes["messaging.kafka.offset"] != nil }
            #expect(spans.count == 2 && spans.allSatisfy { $0.parentSpanID == nil })
            let results = try cluster.read(output)
            for (result, span) in zip(results, spans) {
                #expect(result.headers["traceparent"] == "00-\(span.traceID)-\(span.spanID)-01")
                #expect(result.headers["tracestate"] == nil)
            }
            #expect(results.last?.headers["user"] == "mine")
        }
    }
}
