import Foundation
import KafkaClient
import Millrace
import MillraceRuntime
import TestSupport
import Testing

extension ApplicationTests {
    @Suite("Where reading begins")
    struct OffsetResetTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        private func delete(before offset: Int64, of topic: String) throws {
            let results = try cluster.admin().deleteRecords(
                before: [KafkaClient.TopicPartition(topic, 0): offset], timeoutMs: 10_000)
            for case .failure(let error) in results.values { throw error }
        }

        @Test("each source begins by its policy, and records written while the application is down are read")
        func policies() async throws {
            let names = ["all", "new", "recent", "rest"]
            let policies: [AutoOffsetReset] = [.earliest, .latest, .byDuration(.seconds(3_600)), .ofApplication]
            let topics = try names.map { try cluster.createTopic($0) }
            let output = try cluster.createTopic("out")
            let nowMs = Int64(Date().timeIntervalSince1970 * 1_000)
            for topic in topics {
                let times = ["old": nowMs - 7_200_000, "fresh": nowMs - 60_000]
                try cluster.write(
                    ["old", "fresh"].map { TestRecord(key: topic, value: $0, timestampMs: times[$0]) }, to: topic)
            }
            let define: (StreamsBuilder) -> Void = { builder in
                for (topic, policy) in zip(topics, policies) {
                    builder.stream(topic, key: .string, value: .string, offsetReset: policy).to(output)
                }
            }
            var configuration = cluster.configuration(application, directory)
            configuration.offsetReset = .latest
            let first = try RunningInstance(configuration, define)
            try await first.awaits(processed: 3)
            try await first.awaits("a commit") { $0.commits > 0 && $0.lag == 0 }
            try await first.stop()
            for topic in topics { try cluster.write([topic: "meanwhile"], to: topic) }
            let second = try RunningInstance(configuration, define)
            try await second.awaits(processed: 4)
            try await second.stop()
            var read: [String: [String]] = [:]
            for record in try cluster.read(output) { read[record.key ?? "", default: []].append(record.text) }
            #expect(
                topics.map { read[$0] ?? [] } == [
                    ["old", "fresh", "meanwhile"], ["meanwhile"], ["fresh", "meanwhile"], ["meanwhile"],
                ])
        }

        @Test(
            "if the committed offset was deleted with its records, the policy says where to continue",
            arguments: [(AutoOffsetReset.earliest, ["1", "4", "5"]), (.latest, ["1", "5"])])
        func deleted(policy: AutoOffsetReset, read: [String]) async throws {
            let (input, output) = (
                try cluster.createTopic("in", configs: ["cleanup.policy": "delete"]), try cluster.createTopic("out")
            )
            let configuration = cluster.configuration(application, directory)
            func instance(_ policy: AutoOffsetReset) throws -> RunningInstance {
                try RunningInstance(configuration) { builder in
                    builder.stream(input, key: .string, value: .string, offsetReset: policy).to(output)
                }
            }
            try cluster.write(["k": "1"], to: input)
            let first = try instance(.earliest)
            try await first.awaits(processed: 1)
            try await first.stop()
            try cluster.write(["k": "2", "k": "3", "k": "4"], to: input)
            try delete(before: 3, of: input)
            let second = try instance(policy)
            try await second.awaits("the new beginning") { $0.commits > 0 }
            #expect(second.log.warnings.contains { $0.contains("\(input)-0 do not exist any more") })
            try cluster.write(["k": "5"], to: input)
            try await eventually("the last result") { try cluster.read(output).last?.text == "5" }
            try await second.stop()
            #expect(try cluster.read(output).map(\.text) == read)
        }

        @Test("with policy none an instance without a committed offset ends, and names the partitions")
        func none() async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string, offsetReset: .none).to(output)
            }
            let error = try await instance.failure()
            #expect(error.code == .topic)
            #expect(error.message.contains("no valid offset is committed of \(input)-0"))
        }
    }
}
