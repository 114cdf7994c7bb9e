import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Standby replicas")
    struct StandbyTests {
        private let cluster: TestCluster
        private let directories: [TestDirectory]
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directories = [try TestDirectory(), try TestDirectory()]
        }

        private func configuration(_ number: Int) -> StreamsConfiguration {
            var configuration = cluster.configuration(application, directories[number])
            configuration.standbyReplicas = 1
            configuration.applicationServer = "instance:\(number + 1)"
            return configuration
        }

        private func records(_ count: Int, keys: Int) -> [TestRecord] {
            (0..<count).map { TestRecord(key: "k\($0 % keys)", value: "v") }
        }

        @Test(
            "each instance keeps standbys of the other's stores, reads them, and continues from them alone when the other is gone",
            arguments: [false, true])
        func takeOver(inMemory: Bool) async throws {
            let (input, output) = (
                try cluster.createTopic("in", partitions: 4), try cluster.createTopic("out", partitions: 4)
            )
            let define: (StreamsBuilder) -> Void = { builder in
                let store = Materialized<String, Int64>.store("counts").withoutCache()
                builder.stream(input, key: .string, value: .string).groupByKey()
                    .count(into: inMemory ? store.inMemory() : store).toStream().to(output)
            }
            let first = try RunningInstance(configuration(0), define)
            let second = try RunningInstance(configuration(1), define)
            try await eventually("two tasks and two copies each") {
                [first, second].allSatisfy { $0.metrics.tasks.count == 2 && $0.metrics.standbyTasks.count == 2 }
            }
            let query = StoreQuery.keyValue("counts", key: .string, value: .int64).enableStaleStores()
            let copies = try await second.application.readableStore(query)
            try cluster.write(records(4_000, keys: 40), to: input)
            try await eventually("all counts, of both instances' tasks") {
                try (0..<40).allSatisfy { try copies.get("k\($0)") == 100 }
            }
            try await second.awaits("no lag") { metrics in
                metrics.storeLags["counts"]?.count == 4
                    && metrics.storeLags["counts"]?.values.allSatisfy { $0.lag == 0 } ?? false
            }
            let key = try #require(
                try (0..<40).map { "k\($0)" }.first {
                    try !second.application.metadata(ofKey: $0, .string, in: "counts").isHere
                })
            let metadata = try second.application.metadata(ofKey: key, .string, in: "counts")
            #expect(metadata.address == InstanceAddress("instance:1"))
            #expect(metadata.standbyAddresses == [InstanceAddress("instance:2")])

            try await first.stop()
            try await second.awaits("all tasks") { $0.tasks.count == 4 && $0.standbyTasks.isEmpty }
            try await second.awaits(.running)
            #expect(second.metrics.standbyRecords > 0)
            #expect(second.metrics.restoredRecords == 0)
            try cluster.write(records(4_000, keys: 40), to: input)
            try await eventually("all results") { try cluster.read(output).count >= 8_000 }
            try await second.stop()
            let byKey = Dictionary(grouping: try cluster.read(output)) { $0.key ?? "" }
            for (key, records) in byKey { #expect(records.map(\.text) == (1...200).map(String.init), "\(key)") }
            #expect(byKey.count == 40)
        }
    }
}
