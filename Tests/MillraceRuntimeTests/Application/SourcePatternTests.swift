import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Topics that are created while an application runs")
    struct SourcePatternTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")
        private let prefix = TestCluster.uniqueName("payments")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        private func count(to output: String) -> (StreamsBuilder) -> Void {
            { builder in
                builder.stream(matching: "\(prefix)-.*", key: .string, value: .string).groupByKey()
                    .count(into: .store("counts").withoutCache()).toStream().to(output)
            }
        }

        private func configuration(_ directory: TestDirectory, threads: Int = 1) -> StreamsConfiguration {
            var configuration = cluster.configuration(application, directory)
            configuration.metadataMaxAge = .milliseconds(200)
            configuration.threads = threads
            return configuration
        }

        private func write(_ count: Int, to topic: String) throws {
            try cluster.write((0..<count).map { TestRecord(key: "k\($0 % 10)", value: "v") }, to: topic)
        }

        /// The counts of each key, in the order of writing.
        private func counts(_ output: String) throws -> [String: [String]] {
            Dictionary(grouping: try cluster.read(output)) { $0.key ?? "" }.mapValues { $0.map(\.text) }
        }

        private func exact(_ count: Int) -> [String: [String]] {
            Dictionary(uniqueKeysWithValues: (0..<10).map { ("k\($0)", (1...count).map(String.init)) })
        }

        @Test("its records are processed without a restart, together with those of the others", arguments: [1, 2])
        func created(threads: Int) async throws {
            let output = try cluster.createTopic("out")
            try cluster.createTopic(named: "\(prefix)-card", partitions: 3)
            let instance = try RunningInstance(configuration(directory, threads: threads), count(to: output))
            try await instance.awaits(.running)
            try write(50, to: "\(prefix)-card")
            try await instance.awaits(processed: 50)

            try cluster.createTopic(named: "\(prefix)-cash", partitions: 3)
            try cluster.createTopic(named: "old-\(prefix)-cash", partitions: 3)
            try write(50, to: "\(prefix)-cash")
            try write(50, to: "old-\(prefix)-cash")
            try write(50, to: "\(prefix)-card")
            try await instance.awaits(processed: 150)
            try await instance.awaits(.running)
            #expect(instance.metrics.tasks.sorted() == ["0_0", "0_1", "0_2"])
            try await instance.stop()
            #expect(try counts(output) == exact(15))
        }

        @Test("two instances share its partitions, and every result is exact")
        func shared() async throws {
            let output = try cluster.createTopic("out")
            try cluster.createTopic(named: "\(prefix)-card", partitions: 4)
            let otherDirectory = try TestDirectory()
            let first = try RunningInstance(configuration(directory), count(to: output))
            let second = try RunningInstance(configuration(otherDirectory), count(to: output))
            try await eventually("two tasks each") {
                first.metrics.tasks.count == 2 && second.metrics.tasks.count == 2
            }
            for topic in ["cash", "cheque"] {
                try cluster.createTopic(named: "\(prefix)-\(topic)", partitions: 4)
                try write(100, to: "\(prefix)-\(topic)")
                try write(100, to: "\(prefix)-card")
            }
            try await eventually("400 results") { try cluster.read(output).count >= 400 }
            try await first.stop()
            try write(100, to: "\(prefix)-cash")
            try await eventually("500 results") { try cluster.read(output).count >= 500 }
            try await second.stop()
            #expect(try counts(output) == exact(50))
        }

        @Test(
            "an instance that finds no topic runs, and reads the first one that is created; more partitions make more tasks"
        )
        func first() async throws {
            let output = try cluster.createTopic("out")
            let instance = try RunningInstance(configuration(directory)) { builder in
                builder.stream(matching: "\(prefix)-.*", key: .string, value: .string).to(output)
            }
            try await instance.awaits(.running)
            #expect(instance.metrics.tasks.isEmpty)
            try cluster.createTopic(named: "\(prefix)-card", partitions: 1)
            try write(10, to: "\(prefix)-card")
            try await instance.awaits(processed: 10)
            try cluster.createTopic(named: "\(prefix)-cash", partitions: 3)
            try write(50, to: "\(prefix)-cash")
            try await instance.awaits(processed: 60)
            #expect(instance.metrics.tasks.sorted() == ["0_0", "0_1", "0_2"])
            try await instance.stop()
            #expect(try cluster.read(output).count == 60)
        }
    }

    @Suite("Partitioners over the real client")
    struct PartitionerTests {
        private let cluster: TestCluster
        private let directory: TestDirectory

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        @Test("a partitioner gets the topic's partition count, and each partition that it chooses gets the record")
        func choices() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out", partitions: 4))
            try cluster.write(["all": "1", "last": "2", "nowhere": "3"], to: input)
            let configuration = cluster.configuration(TestCluster.uniqueName("app"), directory)
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string).to(output) { record, count in
                    switch record.key {
                    case "all": .several(Set(0..<count))
                    case "last": .one(count - 1)
                    default: .drop
                    }
                }
            }
            try await instance.awaits(processed: 3)
            try await instance.stop()
            #expect(instance.metrics.droppedRecords == [.noPartition: 1])
            let read = try cluster.read(output)
            #expect(read.map(\.partition) == [0, 1, 2, 3, 3])
            #expect(read.map(\.key) == ["all", "all", "all", "all", "last"])
        }
    }
}
