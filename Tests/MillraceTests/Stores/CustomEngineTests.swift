import Millrace
import MillraceTesting
import TestSupport
import Testing

@Suite("Custom engines")
struct CustomEngineTests {
    /// A topology with a store of every kind, each in the engine of a supplier.
    private static func everyKind(_ supplier: StoreSupplier) throws -> Topology {
        let builder = StreamsBuilder()
        let stream = builder.stream("in", key: .string, value: .string)
        let grouped = stream.groupByKey()
        grouped.count(into: .store("counts").supplied(by: supplier)).toStream().to("counts-out")
        grouped.windowedBy(TimeWindows.tumbling(.milliseconds(100), grace: .milliseconds(1_000)))
            .count(into: .store("windows").supplied(by: supplier)).toStream()
            .selectKey { key, _ in key.map { "\($0.key)@\($0.window.startMs)" } }.to("windows-out")
        grouped.windowedBy(SessionWindows.session(gap: .milliseconds(50), grace: .milliseconds(1_000)))
            .count(into: .store("sessions").supplied(by: supplier)).toStream()
            .selectKey { key, _ in key.map { "\($0.key)@\($0.window.startMs)-\($0.window.endMs)" } }.to("sessions-out")
        let versions = builder.table(
            "table", key: .string, value: .string,
            into: .versioned("versions", historyRetention: .seconds(10)).supplied(by: supplier))
        stream.join(versions) { "\($0)|\($1)" }.to("versions-out")
        stream.leftJoin(
            builder.stream("other", key: .string, value: .string), within: .difference(.milliseconds(100)),
            as: .store("pair").supplied(by: supplier)
        ) { "\($0)&\($1 ?? "-")" }.to("joins-out")
        return try builder.build()
    }

    private static let outputs = ["counts-out", "windows-out", "sessions-out", "versions-out", "joins-out"]

    private static func run(
        _ supplier: StoreSupplier, ending: InstanceEnding?
    ) throws -> [String: [Record<[UInt8], [UInt8]>]] {
        let driver = try TopologyTestDriver(everyKind(supplier), storage: .simulatedDisk)
        let topics = ["in", "table", "other"].map { driver.inputTopic($0, key: .string, value: .string) }
        for step in 0..<60 as Range<Int64> {
            let value: String? = step % 11 == 10 ? nil : "v\(step)"
            let lateMs = step % 7 == 6 ? 230 : 0 as Int64
            try topics[Int(step % 3)].pipe(
                key: ["a", "b", "ab", ""][Int(step % 4)], value: value, timestampMs: max(0, step * 20 - lateMs))
            if step % 5 == 4 { try driver.checkpoint() }
            if let ending, step % 8 == 7 { try driver.restart(ending) }
        }
        var records: [String: [Record<[UInt8], [UInt8]>]] = [:]
        for topic in driver.producedTopics {
            let found = try driver.outputTopic(topic, key: .bytes, value: .bytes).readRecords()
            // The numbers that keep a moment's records apart leave out those of deletions before a restart.
            let isNumbered = topic.hasSuffix("join-store-changelog")
            records[topic] = isNumbered ? found.map { $0.with(key: $0.key?.dropLast(4)) } : found
        }
        return records
    }

    @Test(
        "keep stores of every kind: the same results and changelogs, also over restarts",
        arguments: [nil] + InstanceEnding.allCases.map { $0 } as [InstanceEnding?])
    func everyKind(ending: InstanceEnding?) throws {
        let expected = try Self.run(.rocksDB, ending: nil)
        #expect(Self.outputs.allSatisfy { expected[$0]?.isEmpty == false })
        let disks = SortedArray.Disks()
        let found = try Self.run(.sortedArrays(on: disks), ending: ending)
        for (topic, records) in expected { #expect(found[topic] == records, "\(topic)") }
        #expect(found.count == expected.count)
        #expect(disks.all.count == 7)
    }

    private func counting(_ supplier: StoreSupplier) throws -> Topology {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey()
            .count(into: .store("counts").supplied(by: supplier)).toStream().to("out")
        return try builder.build()
    }

    @Test("what was written since the last checkpoint is not in the engine, and comes back from the changelog")
    func writtenBehind() throws {
        let disks = SortedArray.Disks()
        let driver = try TopologyTestDriver(counting(.sortedArrays(on: disks)))
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "x")
        try driver.checkpoint()
        try input.pipe(keyValues: [("a", "x"), ("b", "x")])
        let engine = try SortedArray(on: #require(disks.all.first))
        var keys: [String] = []
        try engine.scan(from: nil, to: [0xff], reversed: false) { key, _ in
            keys.append(String(decoding: key, as: UTF8.self))
            return true
        }
        #expect(keys == ["a"])
        try driver.restart(.crash)
        try input.pipe(keyValues: [("a", "x"), ("b", "x")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 2, 1, 3, 2])
    }

    @Test(
        "an engine that keeps nothing beyond the process is filled from the changelog",
        arguments: InstanceEnding.allCases)
    func volatile(ending: InstanceEnding) throws {
        let driver = try TopologyTestDriver(
            counting(
                StoreSupplier { context in
                    #expect(context.store == "counts")
                    #expect(context.taskID == "0_0")
                    #expect(context.directory == nil)
                    return SortedArray()
                }))
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(keyValues: [("a", "x"), ("a", "x")])
        try driver.checkpoint()
        try driver.restart(ending)
        try input.pipe(key: "a", value: "x")
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 2, 3])
    }

    @Test("what an engine throws is an error of the store, not of the record")
    func failure() throws {
        let disks = SortedArray.Disks()
        let driver = try TopologyTestDriver(
            counting(.sortedArrays(on: disks)), errorHandlers: ErrorHandlers(processing: .continue))
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "x")
        disks.all.first?.isFull = true
        let error = #expect(throws: StreamsError.self) { try driver.checkpoint() }
        #expect(error?.code == .stateStore)
        #expect(error?.underlying is SortedArray.Full)
        #expect(error?.message.contains("counts") == true)
        disks.all.first?.isFull = false
        try driver.checkpoint()
    }

    @Test("an engine that cannot be opened is an error that names the store")
    func unopened() throws {
        let topology = try counting(StoreSupplier { _ in throw SortedArray.Full() })
        let error = #expect(throws: StreamsError.self) { _ = try TopologyTestDriver(topology) }
        #expect(error?.code == .stateStore)
        #expect(error?.message.contains("counts") == true)
    }

    @Test("a builder's engine is that of all the DSL's stores that name no other")
    func defaultEngine() throws {
        let disks = SortedArray.Disks()
        let builder = StreamsBuilder(stores: .sortedArrays(on: disks))
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        grouped.count(into: .store("one"))
        grouped.count(into: .store("two").inMemory())
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "x")
        #expect(disks.all.count == 1)
    }

    @Test("scans from either end visit a few entries only, whatever the range holds")
    func boundedScans() throws {
        let store = Stores.keyValue("many", key: .string, value: .string)
        let disks = SortedArray.Disks()
        let supplied = store.supplied(by: .sortedArrays(on: disks))
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process(stores: [supplied]) {
            (context: ProcessorContext<Never, Never>) in
            let store = try context.store(supplied)
            return { record in if let key = record.key { try store.put(key, record.value) } }
        }
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(keyValues: (1_000..<3_000).map { ("\($0)", "old") })
        try driver.checkpoint()
        try input.pipe(keyValues: [("0", "new"), ("2999", nil), ("5", "new")])
        let view = try #require(try driver.store(supplied))
        let disk = try #require(disks.all.first)
        disk.visits = 0
        #expect(try view.entries(reversed: true, limit: 3).map(\.key) == ["5", "2998", "2997"])
        #expect(try view.entries(limit: 3).map(\.key) == ["0", "1000", "1001"])
        #expect(disk.visits < 10)
        var keys: [String] = []
        try view.scan(through: "2000", reversed: true) { key, _ in
            keys.append(key)
            // A walk may change what it walks over.
            try view.put(key, nil)
            return keys.count < 20
        }
        #expect(keys.first == "2000")
        #expect(keys.last == "1981")
        #expect(disk.visits < 60)
        #expect(try view.count() == 2_001 - 20)
        var count = 0
        try view.scan { _, _ in
            count += 1
            return true
        }
        #expect(count == 2_001 - 20)
    }
}
