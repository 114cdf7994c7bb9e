import Foundation
import KafkaClient
import Logging
import Millrace
import MillraceEngine
import MillraceRuntime
import RiskScore
import Testing

extension ApplicationTests {
    @Suite("End to end")
    struct EndToEndTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        @Test("the risk score is exact, exactly once, from the first state to the last")
        func riskScore() async throws {
            for topic in [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts] {
                try cluster.createTopic(named: topic, partitions: 2)
            }
            var highest: [String: Double] = [:]
            let events = try (0..<500).map { number in
                let event = RiskEvent(
                    account: "acct-\(number % 7)", score: Double(number * 7_919 % 1_000) / 1_000,
                    timestampMs: 1_000 + Int64(number))
                highest[event.account] = max(highest[event.account] ?? 0, event.score)
                let json = String(decoding: try JSONEncoder().encode(event), as: UTF8.self)
                return TestRecord(key: event.account, value: json)
            }
            try cluster.write(events, to: RiskScoreTopology.events)

            let instance = try RunningInstance(cluster.configuration(application, directory)) {
                RiskScoreTopology().define(in: $0)
            }
            try await instance.awaits(processed: events.count)
            #expect(instance.metrics.tasks == ["0_0", "0_1"])
            #expect(instance.application.state == .running)
            try await instance.stop()

            var scores: [String: Double] = [:]
            for record in try cluster.read(RiskScoreTopology.scores) { scores[record.key ?? ""] = record.double }
            #expect(scores == highest)
            var state: [String: Double] = [:]
            for record in try cluster.read("\(application)-risk-store-changelog") {
                state[record.key ?? ""] = record.double
            }
            #expect(state == highest)
            #expect(await instance.states == [.created, .rebalancing, .running, .pendingShutdown, .notRunning])
        }

        @Test(
            "each record takes effect once, with one worker and with two", arguments: ProcessingGuarantee.allCases,
            [1, 2])
        func count(guarantee: ProcessingGuarantee, threads: Int) async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 4), try cluster.createTopic("out"))
            try cluster.write((0..<200).map { TestRecord(key: "k\($0 % 10)", value: "v") }, to: input)
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = guarantee
            configuration.threads = threads
            configuration.commitInterval = .milliseconds(50)
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string).groupByKey()
                    .count(into: .store("counts").withoutCache()).toStream().to(output)
            }
            try await instance.awaits(processed: 200)
            #expect(instance.metrics.tasks.sorted() == ["0_0", "0_1", "0_2", "0_3"])
            try await instance.stop()
            #expect(try cluster.read(output).count == 200)
            #expect(try cluster.table(output) == table(10) { _ in "20" })
            #expect(instance.metrics.commits > 0)
            #expect(instance.metrics.troubles == [])
        }

        private func table(_ count: Int, value: (Int) -> String) -> [String: String] {
            Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", value($0)) })
        }

        @Test("a stream grouped by a new key goes through a repartition topic like that of Kafka Streams")
        func repartition() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 3), try cluster.createTopic("out"))
            try cluster.write((0..<90).map { TestRecord(key: "\($0)", value: "k\($0 % 6)") }, to: input)
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string).selectKey { _, value in value }
                    .groupByKey(key: .string, value: .string).count(into: .store("counts").withoutCache()).toStream()
                    .to(output)
            }
            try await instance.awaits(processed: 180)
            try await instance.stop()
            #expect(try cluster.table(output) == table(6) { _ in "15" })

            let admin = try cluster.admin()
            let names = ["\(application)-counts-repartition", "\(application)-counts-changelog"]
            for name in names {
                let described = try admin.describeTopics([name], timeoutMs: 5_000)[name]?.get()
                #expect(described?.partitions.count == 3)
            }
            let repartition = try admin.describeConfigs(.topic(names[0]), timeoutMs: 5_000)
            #expect(repartition["cleanup.policy"]?.value == "delete")
            #expect(repartition["retention.ms"]?.value == "-1")
            #expect(try admin.describeConfigs(.topic(names[1]), timeoutMs: 5_000)["cleanup.policy"]?.value == "compact")
        }

        @Test("a table grouped by another key counts rows that move from group to group")
        func groupedTable() async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            try cluster.write(["a": "red", "b": "red", "c": "blue", "a": "blue", "d": "red"], to: input)
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.table(input, key: .string, value: .string, into: .store("colours"))
                    .groupBy(key: .string, value: .string) { key, colour in (colour, key) }
                    .count(into: .store("counts")).toStream().to(output)
            }
            try await eventually("the counts") { try cluster.table(output) == ["red": "2", "blue": "2"] }
            try await instance.stop()
        }

        @Test("a topology that reuses its source topic as changelog restores from it, up to the committed offset")
        func sourceAsChangelog() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let define = { (builder: StreamsBuilder) in
                builder.table(input, key: .string, value: .string, into: .store("table").inMemory()).toStream().to(
                    output)
            }
            try cluster.write(["a": "1", "b": "2"], to: input)
            var instance = try RunningInstance(
                cluster.configuration(application, directory), optimization: .all, define)
            try await instance.awaits(processed: 2)
            try await instance.stop()
            try cluster.write(["a": "3"], to: input)
            instance = try RunningInstance(cluster.configuration(application, directory), optimization: .all, define)
            try await instance.awaits(processed: 1)
            try await instance.stop()
            #expect(instance.metrics.restoredRecords == 2)
            #expect(try cluster.read(output).map(\.text) == ["1", "2", "3"])
        }

        @Test("after a clean stop nothing is restored, and counting continues", arguments: ProcessingGuarantee.allCases)
        func restart(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("out"))
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = guarantee
            for round in 1...3 {
                try cluster.write((0..<20).map { TestRecord(key: "k\($0 % 4)", value: "v") }, to: input)
                let instance = try RunningInstance(configuration) { builder in
                    builder.stream(input, key: .string, value: .string).groupByKey()
                        .count(into: .store("counts").withoutCache()).toStream().to(output)
                }
                try await instance.awaits(processed: 20)
                try await instance.stop()
                #expect(instance.metrics.restoredRecords == 0)
                #expect(instance.metrics.processedRecords == 20)
                #expect(try cluster.table(output) == table(4) { _ in "\(5 * round)" })
            }
        }

        @Test(
            "a group that has read all of a topic whose transactions' marks are at its end has no lag",
            arguments: ProcessingGuarantee.allCases)
        func marksAtTheEnd(guarantee: ProcessingGuarantee) async throws {
            let (input, between) = (try cluster.createTopic("in"), try cluster.createTopic("between"))
            let output = try cluster.createTopic("out")
            let other = try TestDirectory()
            let (first, second) = (TestCluster.uniqueName("app"), TestCluster.uniqueName("app"))
            let writing = try RunningInstance(cluster.configuration(first, directory)) { builder in
                builder.stream(input, key: .string, value: .string).to(between)
            }
            var configuration = cluster.configuration(second, other)
            configuration.guarantee = guarantee
            let reading = try RunningInstance(configuration) { builder in
                builder.stream(between, key: .string, value: .string).to(output)
            }
            try cluster.write(["a": "1", "b": "2"], to: input)
            try await reading.awaits(processed: 2)
            let partition = Millrace.TopicPartition(topic: between, partition: 0)
            let ports = KafkaPorts(
                bootstrapServers: [cluster.bootstrapServers], clientSettings: ["broker.address.family": "v4"],
                logger: Logger(label: "test"))
            let admin = try ports.makeAdmin(clientID: "test")
            let reader = try ports.makeReader(clientID: "test")
            defer { reader.close() }
            try await reading.awaits("the group at the end, behind the mark") { metrics in
                let end = try? reader.listOffsets([partition: .latest])[partition]
                return metrics.lag == 0 && end ?? 0 > 2 && (try? admin.committedOffsets(of: second)[partition]) == end
            }
            try await writing.stop()
            try await reading.stop()
        }

        @Test("a store in memory is restored from its changelog at each start")
        func inMemory() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            for round in 1...2 {
                try cluster.write((0..<10).map { TestRecord(key: "k\($0 % 2)", value: "v") }, to: input)
                let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                    builder.stream(input, key: .string, value: .string).groupByKey()
                        .count(into: .store("counts").inMemory().withoutCache()).toStream().to(output)
                }
                try await instance.awaits(processed: 10)
                try await instance.stop()
                // All ten records, or those that the broker's compaction has left.
                let restored = instance.metrics.restoredRecords
                #expect(round == 1 ? restored == 0 : (2...10).contains(restored))
                #expect(try cluster.table(output) == ["k0": "\(5 * round)", "k1": "\(5 * round)"])
            }
        }
    }
}
