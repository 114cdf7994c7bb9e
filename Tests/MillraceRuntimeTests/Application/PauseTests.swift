import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Pause and resume")
    struct PauseTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        private func configuration(_ guarantee: ProcessingGuarantee) -> StreamsConfiguration {
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = guarantee
            configuration.commitInterval = .milliseconds(100)
            return configuration
        }

        @Test(
            "a paused instance processes nothing and can be read, and its lag grows; resumed, it is exact",
            arguments: ProcessingGuarantee.allCases)
        func underLoad(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = try cluster.createCountTopics(partitions: 4)
            var configuration = self.configuration(guarantee)
            configuration.threads = 2
            let instance = try RunningInstance(configuration, TestCluster.count(from: input, to: output))
            let counts = try instance.application.store(.keyValue("counts", key: .string, value: .int64))
            try cluster.write(100, to: input)
            try await instance.awaits(processed: 1)
            #expect(!instance.application.isPaused && instance.application.pausedSubtopologies.isEmpty)

            instance.application.pause()
            #expect(instance.application.isPaused && instance.application.pausedSubtopologies == [0])
            // Both threads have taken notice once all tasks are shown as paused, and commit what they had processed.
            try await instance.awaits("paused tasks") { metrics in
                metrics.byTask.count == 4 && metrics.byTask.values.allSatisfy(\.isPaused)
            }
            let processed = instance.metrics.processedRecords
            try cluster.write(4_900, to: input)
            try await instance.awaits("the lag") { metrics in
                metrics.lag == 5_000 - Int64(processed) && metrics.partitions.allSatisfy(\.isPaused)
            }
            let paused = instance.metrics
            #expect(paused.processedRecords == processed)
            #expect(paused.state == .running && paused.tasks.count == 4)
            // Only what had been fetched before is in memory.
            #expect(paused.partitions.reduce(0) { $0 + $1.bufferedRecords } <= 100 - processed)
            try await eventually("the commit of what was processed") {
                (try? (0..<10).reduce(0) { try $0 + Int(counts.get("k\($1)") ?? 0) }) == processed
            }
            #expect(try cluster.read(output).count == processed)

            instance.application.resume()
            #expect(!instance.application.isPaused)
            try await instance.awaits(processed: 5_000)
            try await instance.awaits("no lag") { $0.lag == 0 && !$0.byTask.values.contains(where: \.isPaused) }
            try await instance.stop()
            try cluster.expectExact(output, each: 500)
        }

        @Test(
            "the pause is the instance's: it can come before the start, and holds for whatever tasks it gets",
            arguments: ProcessingGuarantee.allCases)
        func rebalances(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = try cluster.createCountTopics(partitions: 4)
            let define = TestCluster.count(from: input, to: output)
            var configuration = self.configuration(guarantee)
            try cluster.write(100, to: input)
            let first = try RunningInstance(configuration, define)
            first.application.pause()
            try await first.awaits("paused tasks") { $0.tasks.count == 4 && $0.lag == 100 }

            let otherDirectory = try TestDirectory()
            configuration.stateDirectory = otherDirectory.path
            let second = try RunningInstance(configuration, define)
            try await eventually("two tasks each") {
                first.metrics.tasks.count == 2 && second.metrics.tasks.count == 2
            }
            try await second.awaits("no lag") { $0.processedRecords > 0 && $0.lag == 0 }
            #expect(first.metrics.processedRecords == 0)
            try await second.stop()
            try await first.awaits("all tasks") { $0.tasks.count == 4 && $0.lag > 0 && $0.restoredRecords > 0 }
            #expect(first.application.isPaused && first.metrics.processedRecords == 0)

            first.application.resume()
            try await first.awaits("no lag") { $0.lag == 0 && $0.processedRecords > 0 }
            try await eventually("100 results") { try cluster.read(output).count >= 100 }
            try await first.stop()
            try cluster.expectExact(output, each: 10)
        }

        @Test(
            "of a paused sub-topology the records wait in the repartition topic, while the one upstream goes on",
            arguments: ProcessingGuarantee.allCases)
        func oneSubtopology(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = try cluster.createCountTopics(partitions: 2)
            let instance = try RunningInstance(configuration(guarantee)) { builder in
                builder.stream(input, key: .string, value: .string)
                    .groupBy(key: .string) { (key: String?, _: String) in key }
                    .count(into: .store("counts").withoutCache()).toStream().to(output)
            }
            let application = instance.application
            #expect(throws: StreamsError.self) { try application.pause(subtopology: 2) }
            #expect(throws: StreamsError.self) { try application.resume(subtopology: -1) }
            try application.pause(subtopology: 1)
            #expect(!application.isPaused && application.pausedSubtopologies == [1])
            try cluster.write(1_000, to: input)
            try await instance.awaits("all records repartitioned, and none counted") { metrics in
                // The markers of transactions have offsets too.
                metrics.processedRecords == 1_000 && metrics.lag >= 1_000
            }
            #expect(try cluster.read(output).isEmpty)

            // Now the other way round: downstream takes what waits, and nothing new comes.
            try application.pause(subtopology: 0)
            #expect(application.isPaused && application.pausedSubtopologies == [0, 1])
            try application.resume(subtopology: 1)
            #expect(!application.isPaused && application.pausedSubtopologies == [0])
            try await instance.awaits("what waits is counted") { $0.processedRecords == 2_000 && $0.lag == 0 }
            try cluster.write(500, to: input)
            try await instance.awaits("the lag upstream") { $0.lag == 500 }
            #expect(instance.metrics.processedRecords == 2_000)

            application.resume()
            #expect(application.pausedSubtopologies.isEmpty)
            try await instance.awaits(processed: 3_000)
            try await eventually("all results") { try cluster.read(output).count >= 1_500 }
            try await instance.stop()
            try cluster.expectExact(output, each: 150)
        }

        @Test(
            "punctuations do not run while paused; a missed one by the wall clock runs once, then at its old times",
            arguments: ProcessingGuarantee.allCases)
        func punctuations(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let calls = Counter()
            let instance = try RunningInstance(configuration(guarantee)) { builder in
                builder.stream(input, key: .string, value: .string)
                    .process { (context: ProcessorContext<String, String>) in
                        try context.schedule(every: .milliseconds(50), on: .wallClockTime) { _ in calls.increment() }
                        return { _ in }
                    }
                    .to(output, key: .string, value: .string)
            }
            try await eventually("punctuations") { calls.value >= 3 }
            instance.application.pause()
            try await instance.awaits("a paused task") { $0.byTask["0_0"]?.isPaused == true }
            let before = calls.value
            let thread = try #require(instance.metrics.threads.first)
            try await Task.sleep(for: .seconds(2))
            #expect(calls.value == before)
            // A punctuation that is due and does not run must not keep the thread busy.
            let after = try #require(instance.metrics.threads.first)
            let polls = (after.activityCounts[.poll] ?? 0) - (thread.activityCounts[.poll] ?? 0)
            #expect(polls < 100, "\(polls) polls in two seconds")
            instance.application.resume()
            try await eventually("punctuations") { calls.value >= before + 3 }
            // 40 were missed.
            #expect(calls.value < before + 20)
            try await instance.stop()
        }

        @Test(
            "a join goes on after a pause, although one of its sides has no new record",
            arguments: ProcessingGuarantee.allCases)
        func joinWithOneSilentSide(guarantee: ProcessingGuarantee) async throws {
            let (left, right) = (try cluster.createTopic("left"), try cluster.createTopic("right"))
            let output = try cluster.createTopic("out")
            let instance = try RunningInstance(configuration(guarantee)) { builder in
                let table = builder.table(right, key: .string, value: .string, into: .store("table"))
                builder.stream(left, key: .string, value: .string).join(table) { "\($0) \($1)" }
                    .to(output, key: .string, value: .string)
            }
            try cluster.write(["k": "r"], to: right)
            try await instance.awaits(processed: 1)
            try cluster.write(["k": "l1"], to: left)
            try await instance.awaits(processed: 2)
            instance.application.pause()
            try await instance.awaits("a paused task") { $0.byTask["0_0"]?.isPaused == true }
            try cluster.write(["k": "l2"], to: left)
            try await instance.awaits("the lag") { $0.lag == 1 }
            instance.application.resume()
            try await instance.awaits(processed: 3)
            try await eventually("both results") { try cluster.read(output).map(\.text) == ["l1 r", "l2 r"] }
            try await instance.stop()
        }
    }
}
