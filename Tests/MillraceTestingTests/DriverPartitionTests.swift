import Millrace
import MillraceTesting
import Testing

@Suite("A driver with several partitions")
struct DriverPartitionTests {
    private func join() throws -> Topology {
        let builder = StreamsBuilder()
        let customers = builder.table("customers", key: .string, value: .string)
        builder.stream("orders", key: .string, value: .string)
            .join(customers) { order, customer in "\(order) for \(customer)" }
            .to("out")
        return try builder.build()
    }

    @Test("records go to the partition of their key, as Kafka's producer chooses it, and stay there")
    func partitioning() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).to("out")
        let driver = try TopologyTestDriver(builder.build(), partitions: 4)
        let keys = ["a", "b", "c", "d", "e", "f", "g", "h"]
        try driver.inputTopic("in", key: .string, value: .string).pipe(keyValues: keys.map { ($0, "x") })
        let output = driver.outputTopic("out", key: .string, value: .string)
        var partitions: Set<Int32> = []
        while let (partition, record) = try output.readPartitionedRecord() {
            let key = Array((record.key ?? "").utf8)
            #expect(partition == key.withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: 4) })
            partitions.insert(partition)
        }
        #expect(partitions.count > 1)
    }

    @Test("a record in the wrong partition finds nothing to join with")
    func wrongPartition() throws {
        let driver = try TopologyTestDriver(join(), partitions: 4)
        let customers = driver.inputTopic("customers", key: .string, value: .string)
        let orders = driver.inputTopic("orders", key: .string, value: .string)
        let output = driver.outputTopic("out", key: .string, value: .string)
        try customers.pipe(key: "a", value: "Ada")
        try orders.pipe(key: "a", value: "tea")
        #expect(try output.readValues() == ["tea for Ada"])
        for partition in 0..<Int32(4) { try orders.pipe(key: "a", value: "\(partition)", partition: partition) }
        #expect(output.count == 1)
    }

    @Test("joined topics with different partition counts are an error when the driver is created")
    func copartitioning() throws {
        let error = #expect(throws: StreamsError.self) {
            _ = try TopologyTestDriver(join(), partitions: ["orders": 4, "customers": 2])
        }
        #expect(error?.code == .topic)
    }

    @Test("changed keys meet in the partition of the repartition topic, which has separate stores")
    func repartitioning() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .selectKey { _, value in value }
            .groupByKey().count(into: .store("counts"))
            .toStream().to("out")
        let driver = try TopologyTestDriver(builder.build(), partitions: ["in": 3])
        let input = driver.inputTopic("in", key: .string, value: .string)
        for number in 0..<30 { try input.pipe(key: "k\(number)", value: "v\(number % 5)") }
        let table = try driver.outputTopic("out", key: .string, value: .int64).readTable()
        #expect(table == ["v0": 6, "v1": 6, "v2": 6, "v3": 6, "v4": 6])
        var keys: [String] = []
        for partition in 0..<Int32(3) {
            let store = try #require(
                driver.keyValueStore("counts", key: .string, value: .int64, partition: partition))
            keys += try store.entries().map(\.key)
        }
        #expect(keys.sorted() == ["v0", "v1", "v2", "v3", "v4"])
        #expect(driver.keyValueStore("counts", key: .string, value: .int64, partition: 3) == nil)
    }

    @Test("every task reads all of a global table, also after a restart", arguments: InstanceEnding.allCases)
    func globalTable(ending: InstanceEnding) throws {
        let builder = StreamsBuilder()
        let rates = builder.globalTable("rates", key: .string, value: .string, into: .store("rates"))
        builder.stream("orders", key: .string, value: .string)
            .join(rates, on: { _, order in order }) { order, rate in "\(order) at \(rate)" }
            .to("out")
        let driver = try TopologyTestDriver(builder.build(), partitions: ["rates": 3, "orders": 4])
        let input = driver.inputTopic("rates", key: .string, value: .string)
        try input.pipe(keyValues: [("eur", "1"), ("usd", "2"), ("eur", "3"), (nil, "4")])
        try driver.restart(ending)
        let orders = driver.inputTopic("orders", key: .string, value: .string)
        try orders.pipe(keyValues: ["a", "b", "c", "d"].flatMap { [($0, "eur"), ($0, "usd")] })
        let results = try driver.outputTopic("out", key: .string, value: .string).readValues()
        #expect(
            results == ["eur at 3", "usd at 2", "eur at 3", "usd at 2", "eur at 3", "usd at 2", "eur at 3", "usd at 2"])
        #expect(try driver.keyValueStore("rates", key: .string, value: .string)?.get("usd")?.value == "2")
        #expect(driver.droppedRecords == [.nullKey: 1])
    }

    @Test("a partition that a topic does not have is an error")
    func noSuchPartition() throws {
        let driver = try TopologyTestDriver(join(), partitions: 2)
        let orders = driver.inputTopic("orders", key: .string, value: .string)
        #expect(throws: StreamsError.self) { try orders.pipe(key: "a", value: "x", partition: 2) }
    }

    @Test("every instance of a task restarts with its own state", arguments: InstanceEnding.allCases)
    func restart(ending: InstanceEnding) throws {
        let driver = try TopologyTestDriver(join(), partitions: 4, storage: .simulatedDisk)
        let keys = ["a", "b", "c", "d", "e", "f"]
        try driver.inputTopic("customers", key: .string, value: .string).pipe(keyValues: keys.map { ($0, "c-\($0)") })
        try driver.checkpoint()
        try driver.inputTopic("customers", key: .string, value: .string).pipe(key: "a", value: "later")
        try driver.restart(ending)
        try driver.inputTopic("orders", key: .string, value: .string).pipe(keyValues: keys.map { ($0, "o") })
        let table = try driver.outputTopic("out", key: .string, value: .string).readTable()
        #expect(table.count == 6)
        #expect(table["a"] == "o for later")
        #expect(table["f"] == "o for c-f")
    }
}
