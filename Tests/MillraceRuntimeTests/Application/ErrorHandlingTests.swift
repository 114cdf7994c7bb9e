import KafkaClient
import Millrace
import MillraceRuntime
import Synchronization
import Testing

extension ApplicationTests {
    @Suite("Bad records")
    struct ErrorHandlingTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")
        private let input: String
        private let output: String

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
            input = try cluster.createTopic("in")
            output = try cluster.createTopic("out")
        }

        private struct Refusal: Error, CustomStringConvertible {
            let description = "this value is refused"
        }

        /// Reads numbers, refuses 13, and writes the others.
        private func numbers(_ builder: StreamsBuilder) {
            builder.stream(input, key: .string, value: .int64).mapValues { value in
                if value == 13 { throw Refusal() }
                return value
            }.to(output, key: .string, value: .int64)
        }

        private func record(_ key: String, _ number: Int64) -> TestRecord {
            let bytes = withUnsafeBytes(of: number.bigEndian) { String(decoding: $0, as: UTF8.self) }
            return TestRecord(key: key, value: bytes)
        }

        private func configuration(_ handlers: ErrorHandlers) -> StreamsConfiguration {
            var configuration = cluster.configuration(application, directory)
            configuration.errorHandlers = handlers
            return configuration
        }

        @Test(
            "a change that the changelog refuses ends the instance, and once the topic accepts it the state is exact",
            arguments: ProcessingGuarantee.allCases)
        func refusedChange(guarantee: ProcessingGuarantee) async throws {
            let changelog = "\(application)-longest-changelog"
            try cluster.createTopic(
                named: changelog, configs: ["cleanup.policy": "compact", "max.message.bytes": "1000"])
            let long = String(repeating: "x", count: 2_000)
            try cluster.write(["a": "short", "a": long, "b": "short"], to: input)
            var configuration = configuration(ErrorHandlers(production: .continue))
            configuration.guarantee = guarantee
            configuration.commitInterval = .milliseconds(100)
            func longest(_ builder: StreamsBuilder) {
                builder.stream(input, key: .string, value: .string).groupByKey()
                    .reduce(into: .store("longest", value: .string)) { $0.count > $1.count ? $0 : $1 }
            }
            let failing = try RunningInstance(configuration, longest)
            let error = try await failing.failure()
            #expect(error.code == .stateStore)
            for text in ["store longest", "\"a\"", "2001 bytes", changelog] {
                #expect(error.description.contains(text), "\(text) is missing in: \(error)")
            }

            try cluster.admin().alterConfigs(
                .topic(changelog), to: ["cleanup.policy": "compact"], timeoutMs: 10_000)
            let running = try RunningInstance(configuration, longest)
            try await eventually("the state") { try cluster.table(changelog) == ["a": long, "b": "short"] }
            try await running.stop()
        }

        @Test("an unreadable record ends the instance, whose error names it, and nothing is lost")
        func deserializationFails() async throws {
            try cluster.write([record("a", 1), TestRecord(key: "b", value: "?"), record("c", 3)], to: input)
            let failing = try RunningInstance(configuration(ErrorHandlers()), numbers)
            let error = try await failing.failure()
            #expect(error.code == .deserialization)
            #expect(error.record == RecordMetadata(topic: input, partition: 0, offset: 1))
            #expect(error.node == "KSTREAM-SOURCE-0000000000")
            #expect(error.task == "0_0")
            #expect(failing.application.state == .error)
            #expect(await failing.states.suffix(2) == [.pendingError, .error])

            let tolerant = try RunningInstance(configuration(ErrorHandlers(deserialization: .continue)), numbers)
            try await eventually("the others") { try cluster.read(output).count == 2 }
            #expect(tolerant.metrics.droppedRecords == [.deserialization: 1])
            try await tolerant.stop()
            #expect(try cluster.table(output) == ["a": "1", "c": "3"])
        }

        @Test("a dead letter has the unchanged record, and its headers say what happened")
        func deserializationDeadLetter() async throws {
            let deadLetters = try cluster.createTopic("dead")
            try cluster.write(
                [
                    record("a", 1),
                    TestRecord(key: "b", value: "?", timestampMs: 77_000, headers: ["trace": "t-1"]),
                    TestRecord(key: nil, value: "??"),
                ], to: input)
            let instance = try RunningInstance(
                configuration(ErrorHandlers(deserialization: .deadLetter(topic: deadLetters))), numbers)
            try await instance.awaits("the dead letters") { $0.deadLetteredRecords == 2 && $0.processedRecords == 1 }
            try await instance.stop()
            let letters = try cluster.read(deadLetters)
            #expect(letters.map(\.key) == ["b", nil])
            #expect(letters.map(\.text) == ["?", "??"])
            #expect(letters.first?.timestampMs == 77_000)
            let headers = letters.first?.headers ?? [:]
            #expect(headers["trace"] == "t-1")
            #expect(headers["__streams.errors.topic"] == input)
            #expect(headers["__streams.errors.partition"] == "0")
            #expect(headers["__streams.errors.offset"] == "1")
            #expect(headers["__streams.errors.exception"]?.contains("SerdeError") == true)
            #expect(headers["__streams.errors.message"]?.contains("KSTREAM-SOURCE-0000000000") == true)
            #expect(headers["__streams.errors.stacktrace"] != nil)
        }

        @Test("a missing topic for dead letters is named at the start, before there are any")
        func missingDeadLetterTopic() async throws {
            let missing = TestCluster.uniqueName("dead")
            let instance = try RunningInstance(
                configuration(ErrorHandlers(processing: .deadLetter(topic: missing))), numbers)
            let error = try await instance.failure()
            #expect(error.code == .topic)
            #expect(
                error.message
                    == "topic \(missing), which records that cannot be processed go to, does not exist: create it before starting"
            )
        }

        @Test("a missing topic for dead letters that a handler chooses is named at once")
        func missingChosenDeadLetterTopic() async throws {
            let missing = TestCluster.uniqueName("dead")
            try cluster.write([record("b", 13)], to: input)
            var configuration = configuration(ErrorHandlers(processing: { _ in .deadLetter(topic: missing) }))
            // So long would the client wait for the topic.
            configuration.clientSettings.producer["topic.metadata.propagation.max.ms"] = "600000"
            let start = ContinuousClock.now
            let instance = try RunningInstance(configuration, numbers)
            let error = try await instance.failure()
            #expect(error.code == .processing)
            #expect(error.message.contains("topic \(missing), which was chosen for a record, does not exist"))
            #expect(start.duration(to: .now) < .seconds(300))
        }

        @Test("a closure that throws ends the instance with topic, partition, offset and node")
        func processingFails() async throws {
            try cluster.write([record("a", 1), record("b", 13)], to: input)
            let instance = try RunningInstance(configuration(ErrorHandlers()), numbers)
            let error = try await instance.failure()
            #expect(error.code == .processing)
            #expect(error.node == "KSTREAM-MAPVALUES-0000000001")
            #expect(error.record == RecordMetadata(topic: input, partition: 0, offset: 1))
            #expect(error.underlying is Refusal)
            for part in [input, "partition 0", "offset 1", "KSTREAM-MAPVALUES-0000000001", "this value is refused"] {
                #expect(error.description.contains(part))
            }
            // The previous record was in the same transaction, which was aborted.
            #expect(try cluster.read(output) == [])
        }

        @Test("records that a closure refuses go to the dead letters, and processing continues")
        func processingDeadLetter() async throws {
            let deadLetters = try cluster.createTopic("dead")
            try cluster.write([record("a", 1), record("b", 13), record("c", 3)], to: input)
            let instance = try RunningInstance(
                configuration(ErrorHandlers(deserialization: .fail, processing: .deadLetter(topic: deadLetters))),
                numbers)
            try await instance.awaits(processed: 3)
            try await instance.stop()
            #expect(try cluster.table(output) == ["a": "1", "c": "3"])
            #expect(try cluster.table(deadLetters) == ["b": "13"])
            #expect(try cluster.read(deadLetters).first?.headers["__streams.errors.offset"] == "1")
            #expect(instance.metrics.deadLetteredRecords == 1)
            #expect(instance.metrics.droppedRecords == [.processing: 1])
        }

        @Test("a worker that an error ended is replaced if the handler says so, without loss or duplicates")
        func replacedThread() async throws {
            try cluster.write((1...20).map { TestRecord(key: "k\($0 % 3)", value: "\($0)") }, to: input)
            let failures = Counter()
            let asked = Counter()
            let (input, output) = (input, output)
            let instance = try RunningInstance(
                configuration(ErrorHandlers()),
                onUncaughtError: { error in
                    asked.increment()
                    return (error as? StreamsError)?.underlying is Refusal ? .replaceThread : .shutdownClient
                },
                { builder in
                    builder.stream(input, key: .string, value: .string).mapValues { value in
                        if value == "12", failures.increment() == 1 { throw Refusal() }
                        return value
                    }.groupByKey(key: .string, value: .string).count(into: .store("counts").withoutCache()).toStream()
                        .to(output)
                })
            try await eventually("the results") { try cluster.read(output).count == 20 }
            #expect(instance.application.state == .running)
            try await instance.stop()
            #expect(asked.value == 1)
            #expect(try cluster.read(output).count == 20)
            #expect(try cluster.table(output) == ["k0": "6", "k1": "7", "k2": "7"])
        }

        @Test("a result that is too large goes to the production handler", arguments: [ErrorResponse.fail, .continue])
        func tooLarge(response: ErrorResponse) async throws {
            try cluster.write(["a": "1", "b": "2000000", "c": "3"], to: input)
            let instance = try RunningInstance(
                configuration(ErrorHandlers(deserialization: .fail, production: response))
            ) { builder in
                builder.stream(input, key: .string, value: .string)
                    .mapValues { String(repeating: "x", count: Int($0) ?? 0) }.to(output, key: .string, value: .string)
            }
            if response == .fail {
                let error = try await instance.failure()
                #expect(error.code == .production)
                #expect(error.record == RecordMetadata(topic: input, partition: 0, offset: 1))
                #expect(error.description.contains(output))
                #expect(try cluster.read(output) == [])
            } else {
                try await instance.awaits(processed: 3)
                try await instance.stop()
                #expect(try cluster.table(output) == ["a": "x", "c": "xxx"])
                #expect(instance.metrics.droppedRecords == [.production: 1])
            }
        }

        @Test("a handler gets the record's bytes, and may decide by them")
        func handlerContext() async throws {
            try cluster.write([TestRecord(key: "b", value: "?"), record("c", 3)], to: input)
            let seen = Mutex<[ErrorContext]>([])
            let instance = try RunningInstance(
                configuration(
                    ErrorHandlers(deserialization: { context in
                        seen.withLock { $0.append(context) }
                        return .continue
                    })), numbers)
            try await instance.awaits(processed: 1)
            try await instance.stop()
            let contexts = seen.withLock { $0 }
            #expect(contexts.map(\.key) == [Array("b".utf8)])
            #expect(contexts.map(\.value) == [Array("?".utf8)])
        }
    }
}

/// A counter that several threads increment.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    @discardableResult
    func increment() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
