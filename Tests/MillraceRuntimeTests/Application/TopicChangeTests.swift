import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Topics that change while an application runs")
    struct TopicChangeTests {
        private let cluster: TestCluster
        private let directories: [TestDirectory]
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directories = [try TestDirectory(), try TestDirectory()]
        }

        private func configuration(
            _ number: Int = 0, _ guarantee: ProcessingGuarantee = .exactlyOnce, waits: Bool = false
        ) -> StreamsConfiguration {
            var configuration = cluster.configuration(application, directories[number])
            configuration.guarantee = guarantee
            configuration.commitInterval = .milliseconds(100)
            configuration.metadataMaxAge = .milliseconds(300)
            configuration.missingSourceTopics = waits ? .wait : .fail
            return configuration
        }

        /// Records for each partition of a topic.
        private func write(_ count: Int, to topic: String, partitions: Range<Int32>) throws {
            try cluster.write(
                partitions.flatMap { partition in
                    (0..<count).map { TestRecord(key: "k\($0)", value: "v", partition: partition) }
                }, to: topic)
        }

        // MARK: Partitions that are added

        @Test(
            "partitions that are added are read by all instances, and written to",
            arguments: ProcessingGuarantee.allCases)
        func grown(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = (
                try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out", partitions: 2)
            )
            let define: (StreamsBuilder) -> Void = { builder in
                let records = builder.stream(input, key: .string, value: .string)
                records.to(output) { _, count in .one(count - 1) }
            }
            let instances = try [0, 1].map { try RunningInstance(configuration($0, guarantee), define) }
            try await eventually("a task each") { instances.allSatisfy { $0.metrics.tasks.count == 1 } }
            try write(10, to: input, partitions: 0..<2)
            try await eventually("the results") { try cluster.read(output).count == 20 }

            try cluster.addPartitions(to: input, upTo: 4)
            try cluster.addPartitions(to: output, upTo: 3)
            try write(10, to: input, partitions: 0..<4)
            try await eventually("two tasks each") { instances.allSatisfy { $0.metrics.tasks.count == 2 } }
            try await eventually("the results") { try cluster.read(output).count >= 60 }
            try await eventually("results in the new partition") {
                try write(1, to: input, partitions: 3..<4)
                return try cluster.read(output).contains { $0.partition == 2 }
            }
            for instance in instances { try await instance.stop() }
        }

        @Test("a changelog that no longer fits is named, and every instance ends", arguments: [0, 1])
        func grownWithState(standbys: Int) async throws {
            let input = try cluster.createTopic("in", partitions: 2)
            let instances = try [0, 1].map { number in
                var configuration = configuration(number)
                configuration.standbyReplicas = standbys
                return try RunningInstance(configuration) { builder in
                    builder.stream(input, key: .string, value: .string).groupByKey().count(into: .store("counts"))
                }
            }
            try await eventually("a task each") { instances.allSatisfy { $0.metrics.tasks.count == 1 } }
            try cluster.addPartitions(to: input, upTo: 3)
            for instance in instances {
                let error = try await instance.failure()
                #expect(error.code == .topic)
                let text = "topic \(application)-counts-changelog has 2 partitions, but the topology needs 3"
                #expect(error.message.contains(text))
                #expect(error.message.contains("\(input) had 2 partitions and has 3"))
            }
        }

        @Test("counts continue downstream of a repartitioning with a fixed number of partitions")
        func grownBeforeRepartitioning() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 1), try cluster.createTopic("out"))
            let instance = try RunningInstance(configuration()) { builder in
                builder.stream(input, key: .string, value: .string).repartition(named: "keyed", partitions: 2)
                    .groupByKey().count(into: .store("counts").withoutCache()).toStream().to(output)
            }
            try await instance.awaits(.running)
            try write(5, to: input, partitions: 0..<1)
            try cluster.addPartitions(to: input, upTo: 3)
            try write(5, to: input, partitions: 0..<3)
            try await eventually("the results") { try cluster.read(output).count == 20 }
            try await instance.stop()
            #expect(try cluster.table(output) == Dictionary(uniqueKeysWithValues: (0..<5).map { ("k\($0)", "4") }))
        }

        @Test("if one side of a join gets partitions, the instance ends with both names")
        func copartitioning() async throws {
            let (left, right) = (
                try cluster.createTopic("left", partitions: 2), try cluster.createTopic("right", partitions: 2)
            )
            let output = try cluster.createTopic("out")
            let instance = try RunningInstance(configuration()) { builder in
                builder.stream(left, key: .string, value: .string)
                    .join(builder.table(right, key: .string, value: .string)) { $0 + $1 }.to(output)
            }
            try await instance.awaits(.running)
            try cluster.addPartitions(to: right, upTo: 3)
            let error = try await instance.failure()
            #expect(error.message.contains("\(left) (2 partitions)"))
            #expect(error.message.contains("\(right) (3 partitions)"))
        }

        @Test("partitions that are added to the topic of a global table are read")
        func grownGlobalTable() async throws {
            let (input, global) = (try cluster.createTopic("in"), try cluster.createTopic("global"))
            let output = try cluster.createTopic("out")
            try cluster.write([TestRecord(key: "k0", value: "old", partition: 0)], to: global)
            let instance = try RunningInstance(configuration()) { builder in
                let table = builder.globalTable(global, key: .string, value: .string, into: .store("global"))
                builder.stream(input, key: .string, value: .string)
                    .leftJoin(table) { key, _ in
                        key
                    } joiner: {
                        $0 + ($1 ?? "-")
                    }.to(output)
            }
            try await instance.awaits(.running)
            try cluster.addPartitions(to: global, upTo: 2)
            try cluster.write([TestRecord(key: "k1", value: "new", partition: 1)], to: global)
            try await eventually("the value of the new partition") {
                try cluster.write([TestRecord(key: "k1", value: "v", partition: 0)], to: input)
                return try cluster.read(output).contains { $0.text == "vnew" }
            }
            try await instance.stop()
        }

        // MARK: Topics that are gone

        @Test(
            "an instance whose topic is deleted ends with its name, with or without records on their way",
            arguments: ProcessingGuarantee.allCases)
        func deleted(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = (
                try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out", partitions: 2)
            )
            var configuration = configuration(0, guarantee)
            // The client reports it long before the next check.
            configuration.metadataMaxAge = .seconds(300)
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string).to(output)
            }
            try await instance.awaits(.running)
            try write(5_000, to: input, partitions: 0..<2)
            try await instance.awaits(processed: 1)
            try cluster.deleteTopic(input)
            let error = try await instance.failure()
            #expect(error.code == .topic)
            #expect(error.message.contains("topic \(input), which is read, does not exist"))
        }

        @Test(
            "an instance that is configured to wait for its topic reads the new one from its start",
            arguments: ProcessingGuarantee.allCases)
        func waits(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            let instance = try RunningInstance(configuration(0, guarantee, waits: true)) { builder in
                builder.stream(input, key: .string, value: .string).groupByKey()
                    .count(into: .store("counts").withoutCache()).toStream().to(output)
            }
            try await instance.awaits(.running)
            try write(3, to: input, partitions: 0..<2)
            try await instance.awaits("a commit") { $0.processedRecords == 6 && $0.commits > 0 && $0.lag == 0 }
            try await eventually("the results") { try cluster.read(output).count == 6 }
            try cluster.deleteTopic(input)
            try await instance.awaits("a trouble that names the topic") { metrics in
                metrics.troubles.contains { $0.contains(input) && $0.contains("waiting") }
            }
            #expect(instance.application.state == .rebalancing)
            try cluster.createTopic(named: input, partitions: 2)
            // There are more records than before: none of them may be skipped.
            try write(10, to: input, partitions: 0..<2)
            try await instance.awaits(processed: 26)
            try await instance.awaits(.running)
            try await eventually("the results") { try cluster.read(output).count == 26 }
            try await instance.stop()
            #expect(instance.metrics.troubles.isEmpty)
            #expect(try cluster.table(output)["k0"] == "2")
            #expect(try cluster.table(output)["k9"] == "1")
        }

        @Test("a topic that is deleted and created again between two checks is read from its start")
        func recreated() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let instance = try RunningInstance(configuration(0, waits: true)) { builder in
                builder.stream(input, key: .string, value: .string).to(output)
            }
            try await instance.awaits(.running)
            try write(5, to: input, partitions: 0..<1)
            try await eventually("the results") { try cluster.read(output).count == 5 }
            try cluster.deleteTopic(input)
            try cluster.createTopic(named: input)
            try write(50, to: input, partitions: 0..<1)
            try await eventually("the results") { try cluster.read(output).count >= 55 }
            try await instance.stop()
            #expect(try cluster.read(output).count == 55)
        }

        @Test("the topic of a global table that is deleted ends the instance with its name")
        func deletedGlobalTable() async throws {
            let (input, global) = (try cluster.createTopic("in"), try cluster.createTopic("global"))
            let output = try cluster.createTopic("out")
            let instance = try RunningInstance(configuration()) { builder in
                let table = builder.globalTable(global, key: .string, value: .string, into: .store("global"))
                builder.stream(input, key: .string, value: .string)
                    .join(table) { key, _ in
                        key
                    } joiner: {
                        $0 + $1
                    }.to(output)
            }
            try await instance.awaits(.running)
            try cluster.deleteTopic(global)
            let error = try await instance.failure()
            #expect(error.code == .topic)
            #expect(error.message.contains(global))
        }

        @Test("a topic that is missing at the start is named, or waited for")
        func missingAtStart() async throws {
            let (input, output) = (TestCluster.uniqueName("in"), try cluster.createTopic("out"))
            let define: (StreamsBuilder) -> Void = { builder in
                builder.stream(input, key: .string, value: .string).to(output)
            }
            let failing = try RunningInstance(configuration(), define)
            let error = try await failing.failure()
            #expect(error.code == .topic)
            #expect(error.message.contains("topic \(input), which"))

            let given = try RunningInstance(configuration(waits: true), define)
            try await given.awaits("a trouble that names the topic") { $0.troubles.contains { $0.contains(input) } }
            try await given.stop()

            let waiting = try RunningInstance(configuration(waits: true), define)
            try await waiting.awaits("a trouble that names the topic") { $0.troubles.contains { $0.contains(input) } }
            #expect(waiting.application.state == .rebalancing)
            try cluster.createTopic(named: input)
            try write(3, to: input, partitions: 0..<1)
            try await waiting.awaits(processed: 3)
            #expect(waiting.metrics.troubles.isEmpty)
            try await waiting.stop()
        }
    }
}
