import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Recent errors")
    struct RecentErrorTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let input: String
        private let output: String

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
            input = try cluster.createTopic("in")
            output = try cluster.createTopic("out")
        }

        private struct Refusal: Error {}

        private func copy(_ builder: StreamsBuilder) {
            builder.stream(input, key: .string, value: .string).mapValues { value in
                if value.hasPrefix("bad") { throw Refusal() }
                return value
            }.to(output)
        }

        private func configuration(_ handlers: ErrorHandlers) -> StreamsConfiguration {
            var configuration = cluster.configuration(TestCluster.uniqueName("app"), directory)
            configuration.errorHandlers = handlers
            return configuration
        }

        @Test(
            "each error that a handler decided about is remembered, the newest first, with its record and its response")
        func handled() async throws {
            let deadLetters = try cluster.createTopic("dead")
            try cluster.write(
                [("a", "good"), ("b", "bad"), ("c", "bad too")].map { TestRecord(key: $0, value: $1) }, to: input)
            let instance = try RunningInstance(
                configuration(
                    ErrorHandlers(processing: { context in
                        context.key == Array("b".utf8) ? .continue : .deadLetter(topic: deadLetters)
                    })), copy)
            try await instance.awaits("the records") { $0.droppedRecords[.processing] == 2 }
            let errors = instance.application.recentErrors
            try await instance.stop()
            #expect(errors.map(\.key) == [Array("c".utf8), Array("b".utf8)])
            #expect(errors.map(\.response) == [.deadLetter(topic: deadLetters), .continue])
            #expect(errors.map(\.kind) == [.processing, .processing])
            #expect(errors.map(\.record) == [2, 1].map { RecordMetadata(topic: input, partition: 0, offset: $0) })
            #expect(errors.allSatisfy { $0.task == "0_0" && $0.node == "KSTREAM-MAPVALUES-0000000001" })
            #expect(errors.allSatisfy { $0.message.contains("Refusal") && $0.timestampMs > 1_500_000_000_000 })
        }

        @Test("the error that ends a thread is remembered after the one of the record")
        func fatal() async throws {
            try cluster.write([TestRecord(key: "b", value: "bad")], to: input)
            let instance = try RunningInstance(configuration(ErrorHandlers()), copy)
            _ = try await instance.failure()
            let errors = instance.application.recentErrors
            #expect(errors.map(\.kind) == [.thread, .processing])
            #expect(errors.map(\.response) == [nil, .fail])
        }

        @Test("only the latest errors are kept, with the beginning of long keys")
        func bounds() async throws {
            let long = String(repeating: "k", count: 10_000)
            try cluster.write((0..<300).map { TestRecord(key: "\($0) \(long)", value: "bad") }, to: input)
            let instance = try RunningInstance(configuration(ErrorHandlers(processing: .continue)), copy)
            try await instance.awaits("the records") { $0.droppedRecords[.processing] == 300 }
            let errors = instance.application.recentErrors
            try await instance.stop()
            #expect(errors.count == 200)
            #expect(errors.first?.record?.offset == 299)
            #expect(errors.last?.record?.offset == 100)
            #expect(errors.allSatisfy { $0.key?.count == 256 })
        }

        @Test("observed handlers still name their dead-letter topics, which have to exist at the start")
        func deadLetterTopics() async throws {
            let missing = TestCluster.uniqueName("dead")
            let instance = try RunningInstance(
                configuration(ErrorHandlers(processing: .deadLetter(topic: missing))), copy)
            #expect(try await instance.failure().code == .topic)
        }

        @Test("threads are described with their tasks while they run")
        func threads() async throws {
            var configuration = configuration(ErrorHandlers())
            configuration.threads = 2
            let instance = try RunningInstance(configuration, copy)
            try await eventually("the task runs") {
                instance.application.threads.map(\.state) == [.running, .running]
                    && instance.application.threads.flatMap(\.tasks) == ["0_0"]
            }
            #expect(instance.application.threads.map(\.id) == [0, 1])
            try await instance.stop()
            #expect(instance.application.threads.isEmpty)
        }
    }
}
