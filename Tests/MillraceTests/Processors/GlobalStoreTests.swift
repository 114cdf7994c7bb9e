import Millrace
import MillraceTesting
import Testing

@Suite("Global stores with processors of their own")
struct GlobalStoreTests {
    private let sums = Stores.keyValue("sums", key: .string, value: .int64)

    /// Adds up a topic's numbers by key, and looks the sums up for a stream.
    private func define(_ builder: StreamsBuilder, named name: String? = nil, source: String? = nil) {
        builder.addGlobalStore(sums, topic: "numbers", key: .string, value: .int64, named: name, source: source) {
            [sums] context in
            let sums = try context.store(sums)
            return { record in
                guard let key = record.key, let number = record.value else { return }
                try sums.put(key, (sums.get(key) ?? 0) + number)
            }
        }
        builder.stream("in", key: .string, value: .string).processValues {
            [sums] (context: FixedKeyProcessorContext<String, Int64>) in
            let sums = try context.store(sums)
            return { record in
                try context.forward(record.with(value: record.value.flatMap { try sums.get($0) } ?? -1))
            }
        }.to("out")
    }

    @Test("are described as Kafka Streams describes them")
    func description() throws {
        let builder = StreamsBuilder()
        define(builder)
        #expect(
            try builder.build().describe() == """
                Topologies:
                   Sub-topology: 0 for global store (will not generate tasks)
                    Source: KSTREAM-SOURCE-0000000000 (topics: [numbers])
                      --> KTABLE-SOURCE-0000000001
                    Processor: KTABLE-SOURCE-0000000001 (stores: [sums])
                      --> none
                      <-- KSTREAM-SOURCE-0000000000
                  Sub-topology: 1
                    Source: KSTREAM-SOURCE-0000000002 (topics: [in])
                      --> KSTREAM-PROCESSVALUES-0000000003
                    Processor: KSTREAM-PROCESSVALUES-0000000003 (stores: [])
                      --> KSTREAM-SINK-0000000004
                      <-- KSTREAM-SOURCE-0000000002
                    Sink: KSTREAM-SINK-0000000004 (topic: out)
                      <-- KSTREAM-PROCESSVALUES-0000000003


                """)
        let named = StreamsBuilder()
        define(named, named: "adder")
        #expect(try named.build().describe().contains("Source: adder-source (topics: [numbers])\n      --> adder\n"))
        let byHand = StreamsBuilder()
        define(byHand, named: "adder", source: "reader")
        #expect(try byHand.build().describe().contains("Source: reader (topics: [numbers])\n      --> adder\n"))
    }

    @Test(
        "hold what their processor makes of all partitions, over restarts too", arguments: InstanceEnding.allCases,
        [false, true])
    func sums(ending: InstanceEnding, hasPartitions: Bool) throws {
        let builder = StreamsBuilder()
        define(builder)
        let driver = try TopologyTestDriver(
            builder.build(), partitions: hasPartitions ? ["numbers": 3, "in": 2, "out": 1] : 1,
            storage: .simulatedDisk)
        let numbers = driver.inputTopic("numbers", key: .string, value: .int64)
        try numbers.pipe(keyValues: [("a", 1), ("b", 10), ("a", 2), (nil, 7), ("b", nil)])
        try driver.restart(ending)
        try numbers.pipe(keyValues: [("a", 4), ("c", 100)])
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(keyValues: [("x", "a"), ("y", "b"), ("z", "c"), ("x", "d")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [7, 10, 100, -1])
        #expect(driver.producedTopics == ["out"])
        #expect(try driver.store(sums)?.get("a") == 7)
    }

    @Test("are written by their own processor only")
    func readOnly() throws {
        let builder = StreamsBuilder()
        define(builder)
        builder.stream("writes", key: .string, value: .string).process {
            [sums] (context: ProcessorContext<Never, Never>) in
            let sums = try context.store(sums)
            return { record in if let key = record.key { try sums.put(key, 1) } }
        }
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        let writes = driver.inputTopic("writes", key: .string, value: .string)
        let error = #expect(throws: StreamsError.self) { try writes.pipe(key: "a", value: "x") }
        #expect(error?.code == .illegalState)
        #expect(error?.message.contains("sums is a global store") == true)
    }

    @Test("are not connected by name or by builder")
    func connected() throws {
        for store in [sums, "sums"] as [any ConnectableStore] {
            let builder = StreamsBuilder()
            define(builder)
            builder.stream("more", key: .string, value: .string)
                .process(named: "more", stores: [store]) { (_: ProcessorContext<String, String>) in { _ in } }
            let error = #expect(throws: StreamsError.self) { _ = try builder.build() }
            #expect(error?.message.contains("more: the store sums is a global one") == true)
        }
    }

    @Test("an error of the processor goes to the processing handler")
    func failure() throws {
        struct Mine: Error {}
        let builder = StreamsBuilder()
        builder.addGlobalStore(sums, topic: "numbers", key: .string, value: .int64, named: "adder") {
            [sums] context in
            let sums = try context.store(sums)
            return { record in
                guard let key = record.key, record.value != 13 else { throw Mine() }
                try sums.put(key, record.value)
            }
        }
        builder.stream("in", key: .string, value: .string).to("out")
        let topology = try builder.build()
        let numbers: [(String?, Int64?)] = [("a", 1), ("a", 13), ("b", 2)]
        let strict = try TopologyTestDriver(topology)
        let error = #expect(throws: StreamsError.self) {
            try strict.inputTopic("numbers", key: .string, value: .int64).pipe(keyValues: numbers)
        }
        #expect(error?.node == "adder")
        let lenient = try TopologyTestDriver(topology, errorHandlers: ErrorHandlers(processing: .continue))
        try lenient.inputTopic("numbers", key: .string, value: .int64).pipe(keyValues: numbers)
        #expect(try lenient.store(sums)?.entries().map(\.value) == [1, 2])
        #expect(lenient.droppedRecords == [.processing: 1])
    }

    private final class Names: StateStore {
        var names: Set<String> = []
        var commits = 0

        func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {}
        func flush() { commits += 1 }
        func removeAll() { names = [] }
    }

    @Test("may be of any kind", arguments: InstanceEnding.allCases)
    func kinds(ending: InstanceEnding) throws {
        let windows = Stores.window("windows", key: .string, value: .string, retention: .seconds(60))
        let sessions = Stores.session("sessions", key: .string, value: .string, retention: .seconds(60))
        let versions = Stores.versionedKeyValue(
            "versions", key: .string, value: .string, historyRetention: .seconds(60))
        let names = Stores.custom("names") { _ in Names() }
        let builder = StreamsBuilder()
        builder.addGlobalStore(windows, topic: "a", key: .string, value: .string) { context in
            let store = try context.store(windows)
            return { try store.put($0.key ?? "", $0.value, startMs: $0.timestampMs, timestampMs: 0) }
        }
        builder.addGlobalStore(sessions, topic: "b", key: .string, value: .string) { context in
            let store = try context.store(sessions)
            return { record in
                let session = Window(startMs: record.timestampMs, endMs: record.timestampMs + 5)
                try store.put(record.key ?? "", record.value, session: session, timestampMs: 0)
            }
        }
        builder.addGlobalStore(versions, topic: "c", key: .string, value: .string) { context in
            let store = try context.store(versions)
            return { try store.put($0.key ?? "", $0.value, timestampMs: $0.timestampMs) }
        }
        builder.addGlobalStore(names, topic: "d", key: .string, value: .string) { context in
            let store = try context.store(names)
            return { if let key = $0.key { store.names.insert(key) } }
        }
        builder.stream("in", key: .string, value: .string).processValues {
            (context: FixedKeyProcessorContext<String, String>) in
            let (windows, sessions) = (try context.store(windows), try context.store(sessions))
            let (versions, names) = (try context.store(versions), try context.store(names))
            return { record in
                var found: [String] = []
                // A walk may read the store that it walks over.
                try windows.fetchAll(reversed: true) { key, startMs, _ in
                    found.append(try windows.fetch(key, startMs: startMs) ?? "none")
                    return true
                }
                found += try sessions.fetch("k").map(\.value)
                found += try [versions.get("k", asOfMs: 15)?.value, versions.get("k")?.value].compactMap { $0 }
                found += names.names.sorted()
                try context.forward(record.with(value: found.joined(separator: " ")))
            }
        }.to("out")
        let driver = try TopologyTestDriver(builder.build(), storage: .simulatedDisk)
        for topic in ["a", "b", "c", "d"] {
            let input = driver.inputTopic(topic, key: .string, value: .string)
            try input.pipe(key: "k", value: "\(topic)1", timestampMs: 10)
            try input.pipe(key: "k", value: "\(topic)2", timestampMs: 20)
        }
        #expect(try (driver.store(names)?.commits ?? 0) > 0)
        try driver.restart(ending)
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "x", value: "?")
        let output = try driver.outputTopic("out", key: .string, value: .string).readValues()
        #expect(output == ["a2 a1 b1 b2 c1 c2 k"])
    }

    @Test("punctuations run in the processor of a global store")
    func punctuation() throws {
        let builder = StreamsBuilder()
        builder.addGlobalStore(sums, topic: "numbers", key: .string, value: .int64) { [sums] context in
            let sums = try context.store(sums)
            try context.schedule(every: .seconds(1), on: .wallClockTime) { timestampMs in
                try sums.put("tick", timestampMs)
            }
            return { _ in }
        }
        builder.stream("in", key: .string, value: .string).to("out")
        let driver = try TopologyTestDriver(builder.build())
        try driver.advanceWallClock(by: .milliseconds(1_500))
        #expect(try driver.store(sums)?.get("tick") == 1_500)
    }
}
