import Millrace
import MillraceTesting
import Testing

/// Vectors by name, and the nearest one: no map of bytes.
private final class Vectors: StateStore {
    private let context: StateStoreContext
    private(set) var vectors: [String: [Float]] = [:]
    private(set) var restored = 0

    init(_ context: StateStoreContext) { self.context = context }

    func insert(_ name: String, _ vector: [Float]?, timestampMs: Int64) throws {
        vectors[name] = vector
        let bytes = vector.map { $0.withUnsafeBytes { Array($0) } }
        try context.log(key: Array(name.utf8), value: bytes, timestampMs: timestampMs)
    }

    func nearest(to vector: [Float]) -> String? {
        func distance(_ other: [Float]) -> Float { zip(vector, other).map { ($0 - $1) * ($0 - $1) }.reduce(0, +) }
        return vectors.min { (distance($0.value), $0.key) < (distance($1.value), $1.key) }?.key
    }

    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        restored += 1
        vectors[String(decoding: key, as: UTF8.self)] = value.map { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    func removeAll() { vectors = [:] }
}

/// Keeps its contents beyond the process, and logs its changes only at the commit.
private final class Totals: StateStore {
    final class Disk {
        var totals: [String: Int] = [:]
        var position: Int64?
    }

    private let context: StateStoreContext
    private let disk: Disk
    private var changed: Set<String> = []
    var totals: [String: Int]
    var restored = 0

    init(_ context: StateStoreContext, on disk: Disk) {
        self.context = context
        self.disk = disk
        totals = disk.totals
    }

    func add(_ name: String) {
        totals[name, default: 0] += 1
        changed.insert(name)
    }

    func flush() throws {
        for name in changed.sorted() {
            try context.log(
                key: Array(name.utf8), value: totals[name].map { Array(String($0).utf8) }, timestampMs: 0)
        }
        changed = []
    }

    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        restored += 1
        totals[String(decoding: key, as: UTF8.self)] = value.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    func removeAll() { (totals, disk.totals, disk.position) = ([:], [:], nil) }

    var position: Int64? { disk.position }

    func checkpoint(position: Int64?) { (disk.totals, disk.position) = (totals, position) }
}

@Suite("Custom stores that are no maps of bytes")
struct StateStoreTests {
    private func nearest(_ vectors: StoreBuilder<Vectors>) throws -> Topology {
        let builder = StreamsBuilder()
        builder.stream("documents", key: .string, value: .string).process(named: "insert", stores: [vectors]) {
            (context: ProcessorContext<Never, Never>) in
            let vectors = try context.store(vectors)
            return { record in
                guard let key = record.key else { return }
                let vector = record.value?.split(separator: ",").compactMap { Float($0) }
                try vectors.insert(key, vector, timestampMs: record.timestampMs)
            }
        }
        builder.stream("questions", key: .string, value: .string).processValues(stores: [vectors]) {
            (context: FixedKeyProcessorContext<String, String>) in
            let vectors = try context.store(vectors)
            return { record in
                let vector = record.value?.split(separator: ",").compactMap { Float($0) } ?? []
                try context.forward(record.with(value: vectors.nearest(to: vector)))
            }
        }.to("answers")
        return try builder.build()
    }

    @Test("write their own changelog and are restored from it", arguments: InstanceEnding.allCases, [false, true])
    func vectors(ending: InstanceEnding, isOnDisk: Bool) throws {
        let vectors = Stores.custom("vectors") { Vectors($0) }
        let topology = try nearest(vectors)
        #expect(topology.describe().contains("Processor: insert (stores: [vectors])"))
        let driver = try TopologyTestDriver(topology, storage: isOnDisk ? .simulatedDisk : .memory)
        let documents = driver.inputTopic("documents", key: .string, value: .string)
        let questions = driver.inputTopic("questions", key: .string, value: .string)
        try documents.pipe(keyValues: [("x", "1,0"), ("y", "0,1"), ("gone", "5,5")])
        try driver.checkpoint()
        try documents.pipe(keyValues: [("gone", nil), ("x", "3,0")])
        try questions.pipe(key: "q", value: "2,0")
        try driver.restart(ending)
        #expect(try driver.store(vectors)?.restored == 5)
        try questions.pipe(keyValues: [("q", "0,2"), ("q", "5,5")])
        let answers = driver.outputTopic("answers", key: .string, value: .string)
        #expect(try answers.readValues() == ["x", "y", "x"])
        let changelog = try driver.outputTopic("app-vectors-changelog", key: .string, value: .bytes).readRecords()
        #expect(changelog.map(\.key) == ["x", "y", "gone", "gone", "x"])
        #expect(changelog.map { $0.value?.count } == [8, 8, 8, nil, 8])
    }

    @Test("without a changelog they begin empty")
    func unlogged() throws {
        let vectors = Stores.custom("vectors") { Vectors($0) }.withoutChangelog()
        let driver = try TopologyTestDriver(nearest(vectors))
        try driver.inputTopic("documents", key: .string, value: .string).pipe(key: "x", value: "1,0")
        try driver.restart(.clean)
        try driver.inputTopic("questions", key: .string, value: .string).pipe(key: "q", value: "2,0")
        #expect(try driver.outputTopic("answers", key: .string, value: .string).readValues() == [nil])
        #expect(driver.producedTopics == ["answers"])
    }

    // Sendable, because only the driver's thread comes to it.
    private final class Disk: @unchecked Sendable {
        let disk = Totals.Disk()
    }

    @Test(
        "that keep what they hold are restored from where they stand, and log with the commit",
        arguments: InstanceEnding.allCases)
    func durable(ending: InstanceEnding) throws {
        let disk = Disk()
        let totals = Stores.custom("totals") { [disk] in Totals($0, on: disk.disk) }
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).processValues(stores: [totals]) {
            (context: FixedKeyProcessorContext<String, Int64>) in
            let totals = try context.store(totals)
            return { record in
                guard let key = record.key else { return }
                totals.add(key)
                try context.forward(record.with(value: Int64(totals.totals[key] ?? 0)))
            }
        }.to("out")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(keyValues: [("a", "x"), ("b", "x"), ("a", "x")])
        try driver.checkpoint()
        try input.pipe(key: "b", value: "x")
        try driver.restart(ending)
        let expected: [InstanceEnding: Int] = [.clean: 0, .crash: 1, .losingState: 4]
        #expect(try driver.store(totals)?.restored == expected[ending])
        try input.pipe(keyValues: [("a", "x"), ("b", "x")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 1, 2, 2, 3, 3])
    }

    @Test("are no key-value stores")
    func noBytes() throws {
        let vectors = Stores.custom("vectors") { Vectors($0) }
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process(stores: [vectors]) {
            (context: ProcessorContext<Never, Never>) in
            let bytes = try context.keyValueStore("vectors", key: .string, value: .string)
            return { record in _ = try record.key.map { try bytes.get($0) } }
        }
        let topology = try builder.build()
        let error = #expect(throws: StreamsError.self) { _ = try TopologyTestDriver(topology) }
        #expect(error?.description.contains("by the builder that makes it") == true)
    }
}
