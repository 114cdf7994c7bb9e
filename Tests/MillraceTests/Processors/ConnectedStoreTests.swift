import Millrace
import MillraceTesting
import Testing

@Suite("Stores of processors")
struct ConnectedStoreTests {
    private let last = Stores.keyValue("last", key: .string, value: .string)

    private func changesOnly(_ stream: KStream<String, String>) -> KStream<String, String> {
        stream.processValues(stores: [last]) { [last] (context: FixedKeyProcessorContext<String, String>) in
            let store = try context.store(last)
            return { record in
                guard let key = record.key, try store.get(key) != record.value else { return }
                try store.put(key, record.value)
                try context.forward(record)
            }
        }
    }

    @Test("a store that a processor brings along keeps what it puts, and logs the plain value at the record's time")
    func plainStore() throws {
        let builder = StreamsBuilder()
        changesOnly(builder.stream("in", key: .string, value: .string)).to("out")
        let topology = try builder.build()
        #expect(topology.describe().contains("Processor: KSTREAM-PROCESSVALUES-0000000001 (stores: [last])"))
        let driver = try TopologyTestDriver(topology)
        let input = driver.inputTopic("in", key: .string, value: .string)
        for (index, value) in ["x", "x", "y", nil, "y"].enumerated() {
            try input.pipe(key: "a", value: value, timestampMs: Int64(index))
        }
        #expect(
            try driver.outputTopic("out", key: .string, value: .string).readValues() == ["x", "y", nil, "y"])
        let changelog = try driver.outputTopic("app-last-changelog", key: .string, value: .string).readRecords()
        #expect(changelog == [text("a", "x", 0), text("a", "y", 2), text("a", nil, 3), text("a", "y", 4)])
        #expect(try driver.store(last)?.get("a") == "y")
    }

    @Test("a versioned store keeps what was, for a processor of its own and for one that is connected by name")
    func versionedStore() throws {
        let versions = Stores.versionedKeyValue(
            "versions", key: .string, value: .string, historyRetention: .milliseconds(100))
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process(stores: [versions]) {
            (context: ProcessorContext<Never, Never>) in
            let store = try context.store(versions)
            return { record in
                guard let key = record.key else { return }
                try store.put(key, record.value, timestampMs: record.timestampMs)
            }
        }
        builder.stream("asked", key: .string, value: .string).processValues(stores: ["versions"]) {
            (context: FixedKeyProcessorContext<String, String>) in
            let store = try context.versionedKeyValueStore("versions", key: .string, value: .string)
            return { record in
                guard let key = record.key else { return }
                try context.forward(record.with(value: store.get(key, asOfMs: record.timestampMs)?.value))
            }
        }.to("out")
        let driver = try TopologyTestDriver(builder.build(), storage: .simulatedDisk)
        let input = driver.inputTopic("in", key: .string, value: .string)
        for (value, timestampMs) in [("1", 100), ("3", 300), ("2", 200), ("late", 199)] as [(String, Int64)] {
            try input.pipe(key: "a", value: value, timestampMs: timestampMs)
            try driver.restart(.crash)
        }
        let asked = driver.inputTopic("asked", key: .string, value: .string)
        for timestampMs in [150, 200, 250, 300] as [Int64] {
            try asked.pipe(key: "a", value: "?", timestampMs: timestampMs)
        }
        let output = driver.outputTopic("out", key: .string, value: .string)
        #expect(try output.readValues() == [nil, "2", "2", "3"])
        #expect(driver.droppedRecords == [.expired: 1])
        let changelog = driver.outputTopic("app-versions-changelog", key: .string, value: .string)
        #expect(
            try changelog.readRecords() == [
                text("a", "1", 100), text("a", "3", 300), text("a", "2", 200), text("a", "late", 199),
            ])
        #expect(try driver.store(versions)?.get("a")?.value == "3")
    }

    @Test("a put inside a punctuation is logged at the punctuation's time")
    func punctuationTime() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process(stores: [last]) {
            [last] (context: ProcessorContext<Never, Never>) in
            let store = try context.store(last)
            try context.schedule(every: .milliseconds(10), on: .streamTime) { _ in try store.put("tick", "!") }
            return { _ in }
        }
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "x", timestampMs: 25)
        let changelog = driver.outputTopic("app-last-changelog", key: .string, value: .string)
        #expect(try changelog.readRecords() == [text("tick", "!", 25)])
    }

    @Test("a store that is not connected is an error", arguments: [false, true])
    func notConnected(isAdded: Bool) throws {
        let builder = StreamsBuilder()
        if isAdded { builder.addStateStore(last) }
        builder.stream("in", key: .string, value: .string).process {
            [last] (context: ProcessorContext<String, String>) in
            _ = try context.store(last)
            return { _ in }
        }
        let topology = try builder.build()
        let error = #expect(throws: StreamsError.self) { _ = try TopologyTestDriver(topology) }
        #expect(error?.code == .invalidTopology)
        #expect(error?.message.contains("not connected to the store last") == true)
    }

    @Test("a missing store is reported when the topology is built")
    func unknownStore() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .process(stores: ["missing"]) { (_: ProcessorContext<String, String>) in { _ in } }
        let error = #expect(throws: StreamsError.self) { _ = try builder.build() }
        #expect(error?.message.contains("there is no store named missing") == true)
    }

    @Test("two processors of one store are in one sub-topology and see each other's values")
    func shared() throws {
        let builder = StreamsBuilder()
        builder.addStateStore(last)
        builder.stream("writes", key: .string, value: .string).process(named: "writer", stores: ["last"]) {
            [last] (context: ProcessorContext<Never, Never>) in
            let store = try context.store(last)
            return { record in if let key = record.key { try store.put(key, record.value) } }
        }
        builder.stream("reads", key: .string, value: .string).process(named: "reader") {
            [last] (context: ProcessorContext<String, String>) in
            let store = try context.store(last).readOnly
            return { record in try context.forward(record.with(value: record.key.flatMap { try store.get($0) })) }
        }
        .to("out")
        builder.connect(processor: "reader", to: [last])
        let topology = try builder.build()
        #expect(!topology.describe().contains("Sub-topology: 1"))
        let driver = try TopologyTestDriver(topology)
        try driver.inputTopic("writes", key: .string, value: .string).pipe(key: "a", value: "x")
        try driver.inputTopic("reads", key: .string, value: .string).pipe(key: "a", value: nil)
        #expect(try driver.outputTopic("out", key: .string, value: .string).readValues() == ["x"])
    }

    @Test("a processor reads a table's store by its name")
    func tableStore() throws {
        let builder = StreamsBuilder()
        let stream = builder.stream("in", key: .string, value: .string)
        stream.groupByKey().count(into: .store("counts"))
        stream.processValues(stores: ["counts"]) { (context: FixedKeyProcessorContext<String, Int64>) in
            let counts = try context.timestampedKeyValueStore("counts", key: .string, value: .int64)
            return { record in
                try context.forward(record.with(value: record.key.flatMap { try counts.get($0)?.value }))
            }
        }
        .to("out")
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string).pipe(keyValues: [("a", "x"), ("b", "x"), ("a", "x")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 1, 2])
    }

    @Test("entries come in order, bounded, reversed, limited and by prefix, and may be changed meanwhile")
    func entries() throws {
        let builder = StreamsBuilder()
        _ = changesOnly(builder.stream("in", key: .string, value: .string))
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string)
            .pipe(keyValues: ["b", "aa", "c", "a", "ab"].map { ($0, $0.uppercased()) })
        let store = try #require(try driver.store(last))
        #expect(try store.entries().map(\.key) == ["a", "aa", "ab", "b", "c"])
        #expect(try store.entries(from: "aa", through: "b").map(\.key) == ["aa", "ab", "b"])
        #expect(try store.entries(from: "aa", reversed: true, limit: 2).map(\.value) == ["C", "B"])
        #expect(try store.entries(through: "ab", limit: 2).map(\.key) == ["a", "aa"])
        #expect(try store.readOnly.entries(withPrefix: Array("a".utf8)).map(\.key) == ["a", "aa", "ab"])
        #expect(try store.entries(withPrefix: [0xff, 0xff]).isEmpty)
        #expect(try store.count() == 5)
        for (key, _) in try store.entries() { try store.delete(key) }
        #expect(try store.count() == 0)
        #expect(try store.putIfAbsent("z", "1") == nil)
        #expect(try store.putIfAbsent("z", "2") == "1")
        try store.put([(key: "y", value: "3"), (key: "z", value: nil)])
        #expect(try store.entries().map(\.key) == ["y"])
    }

    private struct Counter {
        let store: KeyValueStore<String, Int64>

        func increment(_ key: String) throws -> Int64 {
            let count = (try store.get(key) ?? 0) + 1
            try store.put(key, count)
            return count
        }
    }

    @Test("a store may be of a custom type", arguments: InstanceEnding.allCases)
    func ownType(ending: InstanceEnding) throws {
        let counters = Stores.keyValue("counters", key: .string, value: .int64).wrapped { Counter(store: $0) }
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .processValues(stores: [counters]) { (context: FixedKeyProcessorContext<String, Int64>) in
                let counter = try context.store(counters)
                return { record in
                    try context.forward(record.with(value: record.key.map { try counter.increment($0) }))
                }
            }
            .to("out")
        let driver = try TopologyTestDriver(builder.build(), storage: .simulatedDisk)
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(keyValues: [("a", "x"), ("b", "x"), ("a", "x")])
        try driver.restart(ending)
        try input.pipe(keyValues: [("a", "x"), ("b", "x")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 1, 2, 3, 2])
    }

    @Test("a global table's store needs no connection")
    func globalStore() throws {
        let builder = StreamsBuilder()
        _ = builder.globalTable("rates", key: .string, value: .string, into: .store("rates"))
        builder.stream("in", key: .string, value: .string)
            .processValues { (context: FixedKeyProcessorContext<String, String>) in
                let rates = try context.timestampedKeyValueStore("rates", key: .string, value: .string)
                return { record in
                    try context.forward(record.with(value: record.value.flatMap { try rates.get($0)?.value }))
                }
            }
            .to("out")
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("rates", key: .string, value: .string).pipe(key: "eur", value: "1.1")
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "eur")
        #expect(try driver.outputTopic("out", key: .string, value: .string).readValues() == ["1.1"])
    }

    @Test("a read-only store holds what its topic says, without a changelog", arguments: InstanceEnding.allCases)
    func readOnlyStore(ending: InstanceEnding) throws {
        let builder = StreamsBuilder()
        builder.addReadOnlyStateStore(last, topic: "limits", key: .string, value: .string, named: "limits")
        builder.stream("in", key: .string, value: .string)
            .processValues(named: "check", stores: [last]) {
                [last] (context: FixedKeyProcessorContext<String, String>) in
                let limits = try context.store(last).readOnly
                return { record in
                    try context.forward(record.with(value: record.key.flatMap { try limits.get($0) } ?? "none"))
                }
            }
            .to("out")
        let topology = try builder.build()
        #expect(topology.describe().contains("Processor: limits (stores: [last])"))
        #expect(!topology.describe().contains("Sub-topology: 1"))
        let driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
        try driver.inputTopic("limits", key: .string, value: .string).pipe(keyValues: [("a", "1"), ("b", "2")])
        try driver.checkpoint()
        try driver.inputTopic("limits", key: .string, value: .string).pipe(keyValues: [("a", "3"), ("b", nil)])
        try driver.restart(ending)
        try driver.inputTopic("in", key: .string, value: .string).pipe(keyValues: [("a", "x"), ("b", "x")])
        #expect(try driver.outputTopic("out", key: .string, value: .string).readValues() == ["3", "none"])
        #expect(driver.producedTopics == ["out"])
    }

    @Test("window and session stores are there for processors too, in memory as on disk", arguments: [false, true])
    func windowsAndSessions(isInMemory: Bool) throws {
        let window = Stores.window("w", key: .string, value: .string, retention: .seconds(60))
        let session = Stores.session("s", key: .string, value: .string, retention: .seconds(60))
        let (windows, sessions) = isInMemory ? (window.inMemory(), session.inMemory()) : (window, session)
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process(stores: [windows, sessions]) {
            (context: ProcessorContext<Never, Never>) in
            let (windows, sessions) = (try context.store(windows), try context.store(sessions))
            return { record in
                guard let key = record.key else { return }
                try windows.put(
                    key, record.value, startMs: record.timestampMs / 10 * 10, timestampMs: record.timestampMs)
                try sessions.put(
                    key, record.value, session: Window(startMs: record.timestampMs, endMs: record.timestampMs + 5),
                    timestampMs: record.timestampMs)
            }
        }
        let driver = try TopologyTestDriver(builder.build(), storage: .simulatedDisk)
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "x", timestampMs: 3)
        try input.pipe(key: "a", value: "y", timestampMs: 27)
        try driver.restart(.crash)
        #expect(try driver.store(windows)?.fetch("a", starting: 0...100).map(\.startMs) == [0, 20])
        #expect(try driver.store(sessions)?.fetch("a").map(\.value) == ["x", "y"])
    }
}
