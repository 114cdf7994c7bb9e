import Millrace
import MillraceTesting
import Testing

/// Records say in their values where they want to go; the topics have three partitions.
@Suite("Partitioners")
struct PartitionerTests {
    private static let partitioner: StreamPartitioner<String, String> = { record, count in
        switch record.value {
        case "last": .one(count - 1)
        case "both ends": .several([count - 1, 0])
        case "all": .several(Set(0..<count))
        case "nowhere": .drop
        case "beyond": .one(count)
        default: .byKey
        }
    }

    /// Where a topology writes to.
    enum Ending: CaseIterable {
        case to, chosenTopic, addSink, repartition

        func define(_ builder: StreamsBuilder) {
            let stream = builder.stream("in", key: .string, value: .string)
            switch self {
            case .to: stream.to("out", partition: PartitionerTests.partitioner)
            case .chosenTopic: stream.to(partition: PartitionerTests.partitioner) { _ in "out" }
            case .addSink: builder.addSink("sink", topic: "out", after: stream, partition: PartitionerTests.partitioner)
            case .repartition: stream.repartition(named: "r", partition: PartitionerTests.partitioner).foreach { _ in }
            }
        }

        var topic: String { self == .repartition ? "app-r-repartition" : "out" }
    }

    private func driver(_ ending: Ending, _ handlers: ErrorHandlers = ErrorHandlers()) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        ending.define(builder)
        return try TopologyTestDriver(builder.build(), errorHandlers: handlers, partitions: 3)
    }

    private func partitions(_ driver: TopologyTestDriver, _ ending: Ending) throws -> [Int32] {
        let output = driver.outputTopic(ending.topic, key: .string, value: .string)
        var partitions: [Int32] = []
        while let (partition, record) = try output.readPartitionedRecord() {
            #expect(record.key == "b")
            partitions.append(partition)
        }
        return partitions
    }

    @Test(
        "a record goes to the partitions that are chosen, to each once and in their order", arguments: Ending.allCases)
    func choices(_ ending: Ending) throws {
        let byKey = Array("b".utf8).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: 3) }
        let expected: [(String?, [Int32])] = [
            ("last", [2]), ("both ends", [0, 2]), ("all", [0, 1, 2]), ("nowhere", []), ("by key", [byKey]),
            (nil, [byKey]),
        ]
        let driver = try driver(ending)
        for (value, partitions) in expected {
            try driver.inputTopic("in", key: .string, value: .string).pipe(key: "b", value: value)
            #expect(try self.partitions(driver, ending) == partitions, "\(value ?? "null")")
        }
        #expect(driver.droppedRecords == [.noPartition: 1])
    }

    @Test("a partition that the topic does not have is an error of production", arguments: Ending.allCases)
    func beyond(_ ending: Ending) throws {
        let error = #expect(throws: StreamsError.self) {
            try driver(ending).inputTopic("in", key: .string, value: .string).pipe(key: "b", value: "beyond")
        }
        #expect(error?.code == .production)
        let forgiving = try driver(ending, ErrorHandlers(production: .continue))
        try forgiving.inputTopic("in", key: .string, value: .string).pipe(key: "b", value: "beyond")
        #expect(forgiving.droppedRecords == [.production: 1])
        #expect(try partitions(forgiving, ending) == [])
    }

    @Test("a windowed key is partitioned without its window where a partitioner leaves it to the key")
    func windowedKeys() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(.tumbling(.milliseconds(10)))
            .count().toStream().to("out", partition: { _, _ in .byKey })
        let driver = try TopologyTestDriver(builder.build(), partitions: 3)
        for time in 0..<Int64(10) {
            try driver.inputTopic("in", key: .string, value: .string).pipe(key: "b", value: "x", timestampMs: time * 10)
        }
        let output = driver.outputTopic("out", key: .bytes, value: .int64)
        var partitions: Set<Int32> = []
        while let (partition, _) = try output.readPartitionedRecord() { partitions.insert(partition) }
        #expect(partitions.count == 1)
    }

    /// The last partition is that of all keys but those that begin with an a.
    @Sendable
    private static func byInitial(_ key: String, count: Int32) -> Int32 { key.hasPrefix("a") ? 0 : count - 1 }

    @Test(
        "a foreign-key join of tables that are partitioned in a way of their own finds them where it is told how",
        arguments: [nil] + InstanceEnding.allCases)
    func foreignKeyJoin(ending: InstanceEnding?) throws {
        func results(_ joined: TableJoined<String, String>) throws -> [String: String?] {
            let builder = StreamsBuilder()
            builder.table("orders", key: .string, value: .string)
                .join(builder.table("products", key: .string, value: .string), as: joined) { _, product in
                    product
                } joiner: { product, title in
                    "\(product): \(title)"
                }.toStream().to("out")
            let driver = try TopologyTestDriver(
                builder.build(), partitions: ["orders": 4, "products": 3],
                storage: ending == nil ? .memory : .simulatedDisk)
            let products = driver.inputTopic("products", key: .string, value: .string)
            let orders = driver.inputTopic("orders", key: .string, value: .string)
            func pipe(_ topic: TestInputTopic<String, String>, _ key: String, _ value: String, _ count: Int32) throws {
                try topic.pipe(key: key, value: value, partition: Self.byInitial(key, count: count))
            }
            for key in ["apple", "banana", "cherry", "fig"] { try pipe(products, key, key.uppercased(), 3) }
            if let ending { try driver.restart(ending) }
            for (key, product) in [("a1", "apple"), ("b1", "banana"), ("a2", "cherry"), ("b2", "fig")] {
                try pipe(orders, key, product, 4)
            }
            if let ending { try driver.restart(ending) }
            try pipe(products, "fig", "Fig", 3)
            return try driver.outputTopic("out", key: .string, value: .string).readTable()
        }
        let all = ["a1": "apple: APPLE", "b1": "banana: BANANA", "a2": "cherry: CHERRY", "b2": "fig: Fig"]
        #expect(
            try results(TableJoined(partition: Self.byInitial, otherPartition: Self.byInitial)) == all.mapValues { $0 })
        #expect(try results(TableJoined(otherPartition: Self.byInitial)) == all.mapValues { $0 })
        #expect(try results(TableJoined()).count < 4)
        #expect(try results(TableJoined(partition: { _, _ in 1 }, otherPartition: Self.byInitial)).isEmpty)
    }

    @Test("a join's name may stand with its partitioners")
    func joinedName() throws {
        func description(_ define: (KTable<String, String>, KTable<String, String>) -> Void) throws -> String {
            let builder = StreamsBuilder()
            define(
                builder.table("left", key: .string, value: .string),
                builder.table("right", key: .string, value: .string)
            )
            return try builder.build().describe()
        }
        let named = try description { left, right in
            left.leftJoin(right, named: "j", on: { _, value in value }, joiner: { value, _ in value })
        }
        let joined = try description { left, right in
            left.leftJoin(right, as: TableJoined(named: "j"), on: { _, value in value }, joiner: { value, _ in value })
        }
        #expect(named == joined)
    }
}
