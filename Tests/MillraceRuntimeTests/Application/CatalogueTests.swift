import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("The catalogue of an application's stores")
    struct CatalogueTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        private static func records(_ count: Int) -> [TestRecord] {
            (0..<count).map { TestRecord(key: "k\($0 % 20)", value: "v") }
        }

        @Test(
            "a read by bytes over RocksDB sees exactly the commit that it names, while records arrive, and waits for one"
        )
        func positions() async throws {
            let input = try cluster.createTopic("in", partitions: 2)
            let rates = try cluster.createTopic("rates")
            try cluster.write(["usd": "1"], to: rates)
            var configuration = cluster.configuration(application, directory)
            // Everything is flushed to the disk again and again while it is read.
            configuration.checkpointInterval = .milliseconds(20)
            configuration.applicationServer = "here:1"
            let instance = try RunningInstance(configuration) { builder in
                builder.stream(input, key: .string, value: .string).groupByKey().count(into: .store("counts"))
                _ = builder.globalTable(rates, key: .string, value: .string, into: .store("rates"))
            }
            let counts = try await instance.application.readableStore(.bytes("counts"))
            let partitions = (0..<2).map { TopicPartition(topic: input, partition: $0) }
            var last = Position()
            for round in 1...20 {
                try cluster.write(Self.records(100), to: input)
                var found = 0
                while found < round * 100 {
                    let seen = last
                    let read = try await counts.read(reaching: seen) { try $0.entries() }
                    found = try read.value.reduce(0) { try $0 + Int(Serde.int64.value(from: $1.value)) }
                    // Each record adds one to a count.
                    let processed = partitions.reduce(0) { $0 + read.position[$1] }
                    #expect(Int64(found) == processed)
                    #expect(read.position.reaches(seen), "a position went back")
                    last = read.position
                }
            }
            let written = last
            try cluster.write(["k1": "v"], to: input)
            let key = try counts.key(from: "k1")
            let owner = try instance.application.metadata(ofKey: "k1", .string, in: "counts")
            let next = Position(
                after: TopicPartition(topic: input, partition: owner.partition),
                offset: written[TopicPartition(topic: input, partition: owner.partition)])
            let answer = try await counts.read(reaching: next, within: .seconds(20)) { store in
                try store.get(key).map(store.json) ?? "nothing"
            }
            #expect(answer.value.hasPrefix(#"{"key": "k1", "value": 101, "#))
            #expect(answer.position.reaches(next))
            let beyond = Position(after: TopicPartition(topic: input, partition: 0), offset: 1_000_000)
            let late = await #expect(throws: StreamsError.self) {
                try await counts.read(reaching: beyond, within: .milliseconds(50)) { try $0.get(key) }
            }
            #expect(late?.code == .positionNotReached && late?.position?.isEmpty == false)
            let global = try await instance.application.readableStore(.bytes("rates"))
            let rate = try await global.read(within: .seconds(20)) { try $0.entries().map($0.json) }
            #expect(rate.value.count == 1 && rate.position[TopicPartition(topic: rates, partition: 0)] == 1)
            let described = try #require(instance.application.stores.first { $0.name == "counts" })
            #expect(described.kind == .timestampedKeyValue && described.inputTopics == [input])
            #expect(described.partitions.map(\.place) == [.here, .here])
            #expect(described.partitions.allSatisfy { $0.owner == InstanceAddress("here:1") && $0.position != nil })
            #expect(described.partitions.compactMap(\.approximateEntryCount).reduce(0, +) >= 20)
            #expect(described.partitions.allSatisfy { $0.approximateSizeInBytes ?? 0 > 0 })
            try await instance.stop()
            let ended = await #expect(throws: StreamsError.self) { try await counts.read { try $0.get(key) } }
            #expect(ended?.code == .illegalState)
        }

        @Test("downstream of a repartition topic a position of the input is refused, and the right topic is named")
        func repartitioned() async throws {
            let input = try cluster.createTopic("in")
            try cluster.write(["k": "v"], to: input)
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string).selectKey { _, value in value }.groupByKey()
                    .count(into: .store("counts"))
            }
            let counts = try await instance.application.readableStore(
                .keyValue("counts", key: .string, value: .int64))
            let error = await #expect(throws: StreamsError.self) {
                let written = Position(after: TopicPartition(topic: input, partition: 0), offset: 0)
                _ = try await counts.read(reaching: written) { try $0.get("v") }
            }
            #expect(error?.code == .positionMismatch)
            #expect(error?.message.contains("\(application)-counts-repartition") == true)
            let through = Position(
                after: TopicPartition(topic: "\(application)-counts-repartition", partition: 0), offset: 0)
            #expect(try await counts.read(reaching: through, within: .seconds(20)) { try $0.get("v") }.value == 1)
            try await instance.stop()
        }
    }
}
