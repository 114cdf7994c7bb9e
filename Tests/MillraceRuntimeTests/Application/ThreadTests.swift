import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Threads that are added and removed")
    struct ThreadTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        @Test("from one thread to three and back under load, with exactly-once: each result comes once")
        func growAndShrink() async throws {
            let (input, output) = try cluster.createCountTopics(partitions: 6)
            let instance = try RunningInstance(
                cluster.configuration(application, directory), TestCluster.count(from: input, to: output))
            let application = instance.application
            let (cluster, isOver, written) = (cluster, Counter(), Counter())
            let load = Task {
                while isOver.value == 0 {
                    try cluster.write((0..<50).map { TestRecord(key: "k\($0 % 10)", value: "v") }, to: input)
                    written.increment()
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            try await instance.awaits("all tasks") { $0.tasks.count == 6 && $0.processedRecords > 0 }
            #expect(try application.addThread() == 1)
            #expect(try application.addThread() == 2)
            try await instance.awaits("two tasks each") { metrics in
                metrics.state == .running && metrics.threads.count == 3 && metrics.tasks.count == 6
                    && application.threads.allSatisfy { $0.tasks.count == 2 }
            }
            #expect(application.threads.map(\.id) == [0, 1, 2])
            let grown = instance.metrics.processedRecords
            try await instance.awaits(processed: grown + 500)

            #expect(try await application.removeThread(1) == 1)
            #expect(application.threads.map(\.id) == [0, 2])
            #expect(try await application.removeThread() == 2)
            try await instance.awaits("all tasks again") { metrics in
                metrics.state == .running && metrics.tasks.count == 6 && application.threads.map(\.id) == [0]
            }
            let shrunk = instance.metrics.processedRecords
            try await instance.awaits(processed: shrunk + 500)
            #expect(instance.metrics.failedThreads == 0)
            isOver.increment()
            try await load.value
            try await instance.awaits("no lag") { $0.lag == 0 && $0.processedRecords >= written.value * 50 }
            try await instance.stop()
            try cluster.expectExact(output, each: written.value * 5)
        }

        @Test("the only thread stays, an unknown one is named, and a free number is used again")
        func numbers() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let instance = try RunningInstance(
                cluster.configuration(application, directory), TestCluster.count(from: input, to: output))
            let application = instance.application
            try await instance.awaits("all tasks") { $0.tasks.count == 2 }
            try await Self.expect(.lastThread) { try await application.removeThread() }
            try await Self.expect(.lastThread) { try await application.removeThread(0) }
            try await Self.expect(.threadUnknown) { try await application.removeThread(1) }
            #expect(try application.addThread() == 1)
            try await Self.expect(.threadUnknown) { try await application.removeThread(7) }
            #expect(try await application.removeThread(0) == 0)
            try await Self.expect(.lastThread) { try await application.removeThread(1) }
            #expect(try application.addThread() == 0)
            try await instance.awaits("a task each") { metrics in
                metrics.state == .running && application.threads.allSatisfy { $0.tasks.count == 1 }
            }
            // Several may wait for the end of the same thread.
            async let one = application.removeThread(1)
            async let other = application.removeThread(1)
            #expect(try await [one, other] == [1, 1])
            try await instance.stop()
        }

        @Test("threads can be added and removed only while the application runs")
        func states() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let builder = StreamsBuilder()
            TestCluster.count(from: input, to: output)(builder)
            let idle = StreamsApplication(
                try builder.build(), configuration: cluster.configuration(application, directory))
            try await Self.expect(.illegalState) { try idle.addThread() }
            try await Self.expect(.illegalState) { try await idle.removeThread() }
            let instance = try RunningInstance(
                cluster.configuration(application, directory), TestCluster.count(from: input, to: output))
            try await instance.awaits("all tasks") { $0.tasks.count == 1 }
            instance.application.shutdown()
            try await eventually("the end of the state running") { instance.application.state != .running }
            try await Self.expect(.illegalState) { try instance.application.addThread() }
            try await Self.expect(.illegalState) { try await instance.application.removeThread(0) }
            try await instance.stop()
            try await Self.expect(.illegalState) { try instance.application.addThread() }
        }

        @Test("a removed thread leaves its group also as a static member: its tasks move before its session ends")
        func staticMember() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            var configuration = cluster.configuration(application, directory)
            configuration.instanceID = "one"
            configuration.threads = 2
            configuration.clientSettings.consumer["session.timeout.ms"] = "240000"
            let instance = try RunningInstance(configuration, TestCluster.count(from: input, to: output))
            try await instance.awaits("a task each") { metrics in
                metrics.state == .running && metrics.threads.count == 2
                    && instance.application.threads.allSatisfy { $0.tasks.count == 1 }
            }
            let start = ContinuousClock.now
            try await instance.application.removeThread()
            try await instance.awaits("all tasks") { $0.tasks.count == 2 && $0.state == .running }
            #expect(ContinuousClock.now - start < .seconds(200))
            try await instance.stop()
        }

        private static func expect(
            _ code: StreamsError.Code, sourceLocation: SourceLocation = #_sourceLocation,
            _ body: () async throws -> Int
        ) async throws {
            do {
                let number = try await body()
                Issue.record("thread \(number) instead of an error", sourceLocation: sourceLocation)
            } catch let error as StreamsError {
                #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
            }
        }
    }
}
