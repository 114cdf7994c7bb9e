import Foundation
import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Several instances, and killed ones")
    struct ScalingTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        @Test("two instances share the tasks; when one stops, the other takes over, and every result is exact")
        func takeOver() async throws {
            let (input, output) = try cluster.createCountTopics(partitions: 4)
            let define = TestCluster.count(from: input, to: output)
            var configuration = cluster.configuration(application, directory)
            let first = try RunningInstance(configuration, define)
            try await first.awaits("all tasks") { $0.tasks.count == 4 }
            try cluster.write(100, to: input)

            let otherDirectory = try TestDirectory()
            configuration.stateDirectory = otherDirectory.path
            let second = try RunningInstance(configuration, define)
            try await eventually("two tasks each") {
                first.metrics.tasks.count == 2 && second.metrics.tasks.count == 2
            }
            #expect(Set(first.metrics.tasks + second.metrics.tasks) == ["0_0", "0_1", "0_2", "0_3"])
            try cluster.write(100, to: input)
            try await eventually("200 results") { try cluster.read(output).count >= 200 }
            #expect(second.metrics.processedRecords > 0)

            try await first.stop()
            try await second.awaits("all tasks") { $0.tasks.count == 4 }
            try cluster.write(100, to: input)
            try await eventually("300 results") { try cluster.read(output).count >= 300 }
            try await second.stop()
            try cluster.expectExact(output, each: 30)
        }

        @Test("the state of tasks that moved away is deleted after the delay, and that of current tasks stays")
        func cleanup() async throws {
            let (input, output) = try cluster.createCountTopics(partitions: 4)
            let define = TestCluster.count(from: input, to: output)
            var configuration = cluster.configuration(application, directory)
            configuration.stateCleanupDelay = .seconds(1)
            let first = try RunningInstance(configuration, define)
            try cluster.write(100, to: input)
            try await first.awaits("all tasks") { $0.tasks.count == 4 && $0.processedRecords == 100 }
            #expect(storedTasks(in: directory) == ["0_0", "0_1", "0_2", "0_3"])

            // The folder belongs to one instance. A second one is refused, and deletes nothing.
            let error = try await RunningInstance(configuration, define).failure()
            #expect(error.code == .stateStore)
            #expect(storedTasks(in: directory) == ["0_0", "0_1", "0_2", "0_3"])

            let otherDirectory = try TestDirectory()
            configuration.stateDirectory = otherDirectory.path
            let second = try RunningInstance(configuration, define)
            try await eventually("two tasks each, and their state alone") {
                first.metrics.tasks.count == 2 && second.metrics.tasks.count == 2
                    && storedTasks(in: directory) == Set(first.metrics.tasks)
            }
            #expect(storedTasks(in: otherDirectory) == Set(second.metrics.tasks))

            try await second.stop()
            try await first.awaits("all tasks") { $0.tasks.count == 4 }
            try cluster.write(100, to: input)
            try await eventually("200 results") { try cluster.read(output).count >= 200 }
            try await first.stop()
            try cluster.expectExact(output, each: 20)
        }

        private func storedTasks(in directory: TestDirectory) -> Set<String> {
            let names = try? FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/\(application)")
            return Set((names ?? []).filter { $0.hasPrefix("0_") })
        }

        @Test("a killed instance restarts under its name: nothing is lost or doubled, and only the tail is restored")
        func killed() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let (application, path, servers) = (application, directory.path, cluster.bootstrapServers)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [
                    application = application as String, path = path as String, servers = servers as String,
                    input = input as String, output = output as String
                ] in
                try await ScalingTests.runUntilKilled(
                    TestCluster(bootstrapServers: servers), application, stateDirectory: path, from: input, to: output)
            }
            let written = try cluster.read(input).count
            let before = try cluster.read(output).count
            #expect(before > 1_000)

            var configuration = cluster.configuration(application, directory)
            configuration.instanceID = "one"
            let instance = try RunningInstance(configuration, TestCluster.count(from: input, to: output))
            try await eventually("the results") { try cluster.read(output).count >= written }
            try await instance.stop()
            try cluster.expectExact(output, keys: 50, each: written / 50)
            #expect(instance.metrics.processedRecords == written - before)
            #expect(instance.metrics.restoredRecords > 0)
            #expect(instance.metrics.restoredRecords < before / 2)
        }

        /// Counts batch after batch, with a checkpoint each second. It is killed in the middle of a batch, when the last second's
        /// records are well below half of the total.
        private static func runUntilKilled(
            _ cluster: TestCluster, _ application: String, stateDirectory: String, from input: String, to output: String
        ) async throws {
            var configuration = cluster.configuration(application, stateDirectory: stateDirectory)
            configuration.instanceID = "one"
            configuration.checkpointInterval = .seconds(1)
            configuration.commitInterval = .milliseconds(5)
            let records = (0..<100).map { TestRecord(key: "k\($0 % 50)", value: "v") }
            let isDoomed = Counter()
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string)
                    .peek { _ in
                        if isDoomed.value > 0 { kill(getpid(), SIGKILL) }
                    }
                    .groupByKey().count(into: .store("counts").withoutCache()).toStream().to(output)
            }
            var written = 0
            var start: ContinuousClock.Instant?
            while true {
                if let start, start.duration(to: .now) > .milliseconds(2_600), written > 1_500 { isDoomed.increment() }
                try cluster.write(records, to: input)
                written += records.count
                try await instance.awaits(processed: written)
                // The time for joining the group does not count.
                start = start ?? .now
            }
        }

        @Test("an instance whose name another one takes ends with an error that says so, and leaves that one alone")
        func fenced() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let define = TestCluster.count(from: input, to: output)
            var configuration = cluster.configuration(application, directory)
            configuration.instanceID = "one"
            try cluster.write(50, keys: 5, to: input)
            let first = try RunningInstance(configuration, define)
            try await first.awaits(processed: 50)

            let otherDirectory = try TestDirectory()
            configuration.stateDirectory = otherDirectory.path
            let second = try RunningInstance(configuration, define)
            let error = try await first.failure()
            #expect(error.code == .fenced)
            #expect(error.description.contains("another instance has replaced this one"))
            #expect(first.application.state == .error)

            try await second.awaits("all tasks") { $0.tasks.count == 2 }
            try cluster.write(50, keys: 5, to: input)
            try await eventually("the results") { try cluster.read(output).count >= 100 }
            #expect(second.application.state == .running)
            try await second.stop()
            try cluster.expectExact(output, keys: 5, each: 20)
        }
    }
}
