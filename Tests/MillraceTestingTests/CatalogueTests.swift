import Millrace
import MillraceTesting
import Testing

/// Counts each word, and shows the counts to queries.
private final class Words: QueryableStateStore {
    struct View: Sendable {
        let counts: [String: Int]
        func count(of word: String) -> Int { counts[word] ?? 0 }
    }

    private let context: StateStoreContext
    private var counts: [String: Int] = [:]

    init(_ context: StateStoreContext) { self.context = context }

    func add(_ word: String, timestampMs: Int64) throws {
        counts[word, default: 0] += 1
        try context.log(key: Array(word.utf8), value: Array("\(counts[word] ?? 0)".utf8), timestampMs: timestampMs)
    }

    func makeView() -> View { View(counts: counts) }
    var sizeInBytes: Int { 100 * counts.count }

    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        counts[String(decoding: key, as: UTF8.self)] = value.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    func removeAll() { counts = [:] }
}

@Suite("The catalogue of stores")
struct CatalogueTests {
    private let input = TopicPartition(topic: "in", partition: 0)
    private let words = Stores.custom("words") { Words($0) }

    private func driver(onDisk isOnDisk: Bool) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        let records = builder.stream("in", key: .string, value: .string)
        records.groupByKey().count(into: .store("counts"))
        records.groupByKey().windowedBy(.tumbling(.milliseconds(10))).count(into: .store("windows"))
        records.groupByKey().windowedBy(.session(gap: .milliseconds(10))).count(
            into: .store("sessions"))
        builder.table(
            "prices", key: .string, value: .double, into: .versioned("versions", historyRetention: .seconds(60)))
        _ = builder.globalTable("rates", key: .string, value: .int64, into: .store("rates"))
        let words = words
        records.process(stores: [words]) { (context: ProcessorContext<Never, Never>) in
            let words = try context.store(words)
            return { record in try words.add(record.key ?? "", timestampMs: record.timestampMs) }
        }
        return try TopologyTestDriver(builder.build(), storage: isOnDisk ? .simulatedDisk : .memory)
    }

    private func pipe(_ driver: TopologyTestDriver) throws {
        let records = driver.inputTopic("in", key: .string, value: .string)
        for (key, timestampMs) in [("a", 1), ("b", 12), ("a", 13), ("ab", 14)] as [(String, Int64)] {
            try records.pipe(key: key, value: "x", timestampMs: timestampMs)
        }
        let prices = driver.inputTopic("prices", key: .string, value: .double)
        try prices.pipe(key: "p", value: 1, timestampMs: 100)
        try prices.pipe(key: "p", value: 2, timestampMs: 200)
        try driver.inputTopic("rates", key: .string, value: .int64).pipe(key: "usd", value: 7)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("names every store with its kind, serdes, topics, partitions and positions")
    func descriptions() throws {
        let driver = try driver(onDisk: false)
        for name in ["counts", "windows", "rates"] { _ = try driver.store(.bytes(name)) }
        try pipe(driver)
        let stores = Dictionary(uniqueKeysWithValues: driver.stores.map { ($0.name, $0) })
        #expect(stores.keys.sorted() == ["counts", "rates", "sessions", "versions", "windows", "words"])
        #expect(
            stores.mapValues(\.kind) == [
                "counts": .timestampedKeyValue, "rates": .timestampedKeyValue, "sessions": .session,
                "versions": .versionedKeyValue, "windows": .timestampedWindow, "words": .custom,
            ])
        #expect(stores["counts"]?.key?.name == "String" && stores["counts"]?.value?.name == "Int64")
        #expect(stores["versions"]?.value?.name == "Double")
        #expect(stores["words"]?.key == nil)
        #expect(stores["rates"]?.isGlobal == true && stores["rates"]?.inputTopics == ["rates"])
        let counts = try #require(stores["counts"]?.partitions.first)
        #expect(counts.place == .here && counts.position?[input] == 4)
        #expect(counts.approximateEntryCount == 3)
        #expect(stores["rates"]?.partitions.first?.position?[TopicPartition(topic: "rates", partition: 0)] == 1)
        // No query has asked for it.
        #expect(stores["sessions"]?.partitions.first?.place == .unavailable)
    }

    @Test("stores of every kind are read by bytes, also across restarts", arguments: [false, true])
    func reads(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk)
        let counts = try driver.store(.bytes("counts"))
        let windows = try driver.store(.bytes("windows"))
        let sessions = try driver.store(.bytes("sessions"))
        let versions = try driver.store(.bytes("versions"))
        let rates = try driver.store(.bytes("rates"))
        try pipe(driver)
        for ending in [nil] + InstanceEnding.allCases.map(Optional.some) {
            if let ending { try driver.restart(ending) }
            #expect(
                try counts.get(counts.key(from: "a")).map(counts.json)
                    == #"{"key": "a", "value": 2, "timestampMs": 13}"#)
            #expect(try counts.get([bytes("b"), bytes("z"), bytes("ab")]).map { $0?.timestampMs } == [12, nil, 14])
            #expect(try counts.entries(from: bytes("ab")).map(\.key) == [bytes("ab"), bytes("b")])
            #expect(try counts.entries(withPrefix: bytes("a"), reversed: true).map(\.key) == [bytes("ab"), bytes("a")])
            #expect(try counts.count() == 3)
            #expect(try windows.windows(of: bytes("a")).map { $0.window?.startMs } == [0, 10])
            #expect(try windows.windows(starting: 10...20).count == 3)
            #expect(
                try windows.windows(of: bytes("b")).map(windows.json)
                    == [#"{"key": "b", "window": {"startMs": 10}, "value": 1, "timestampMs": 12}"#])
            #expect(
                try sessions.sessions(of: bytes("ab")).map(sessions.json)
                    == [#"{"key": "ab", "window": {"startMs": 14, "endMs": 14}, "value": 1}"#])
            #expect(try sessions.sessions(ending: 0...12).map(\.key) == [bytes("a"), bytes("b")])
            #expect(try versions.get(bytes("p"))?.timestampMs == 200)
            #expect(try versions.get(bytes("p"), asOfMs: 150)?.timestampMs == 100)
            #expect(try versions.versions(of: bytes("p")).map(\.validToMs) == [200, nil])
            #expect(try versions.entries().map(versions.json) == [#"{"key": "p", "value": 2.0, "timestampMs": 200}"#])
            #expect(try rates.entries().map(\.key) == [bytes("usd")])
        }
    }

    @Test("a store is not read as one of another kind, a buffer or a custom store not by bytes")
    func mismatch() throws {
        let driver = try driver(onDisk: false)
        func code(_ body: () throws -> Void) -> StreamsError.Code? {
            do {
                try body()
                return nil
            } catch {
                return (error as? StreamsError)?.code
            }
        }
        let counts = try driver.store(.bytes("counts"))
        #expect(code { _ = try counts.windows() } == .storeMismatch)
        #expect(code { _ = try counts.sessions() } == .storeMismatch)
        #expect(code { _ = try counts.versions(of: []) } == .storeMismatch)
        #expect(code { _ = try driver.store(.bytes("windows")).get(bytes("a")) } == .storeMismatch)
        #expect(code { _ = try driver.store(.bytes("words")) } == .storeMismatch)
        #expect(code { _ = try driver.store(.bytes("nothing")) } == .storeUnknown)
        #expect(code { _ = try driver.store(.keyValue("words", key: .string, value: .string)) } == .storeMismatch)
    }

    @Test("a read returns its position, and waits for a given one until its time is over", arguments: [false, true])
    func positions(onDisk: Bool) async throws {
        let driver = try driver(onDisk: onDisk)
        let counts = try driver.store(.keyValue("counts", key: .string, value: .int64))
        try pipe(driver)
        let read = try await counts.read(reaching: Position(after: input, offset: 3)) { try $0.get("a") }
        #expect(read.value == 2)
        #expect(read.position[input] == 4)
        #expect(try counts.readCommit { try $0.count() }.position[input] == 4)
        let late = await #expect(throws: StreamsError.self) {
            try await counts.read(reaching: Position(after: input, offset: 4), within: .milliseconds(20)) {
                try $0.get("a")
            }
        }
        #expect(late?.code == .positionNotReached)
        #expect(late?.position?[input] == 4)
        let other = await #expect(throws: StreamsError.self) {
            let elsewhere = TopicPartition(topic: "elsewhere", partition: 0)
            _ = try await counts.read(reaching: Position([elsewhere: 1])) { try $0.get("a") }
        }
        #expect(other?.code == .positionMismatch)
        #expect(other?.message.contains("in") == true)
    }

    @Test("a custom store shows its view of each commit, also across restarts", arguments: InstanceEnding.allCases)
    func custom(ending: InstanceEnding) async throws {
        let driver = try driver(onDisk: true)
        let words = try driver.store(.custom("words", Words.self))
        #expect(try words.views().map { $0.count(of: "a") } == [0])
        try pipe(driver)
        let before = try words.views()
        let answer = try await words.read(reaching: Position(after: input, offset: 3)) { store in
            try store.views().map { $0.count(of: "a") }
        }
        #expect(answer.value == [2] && answer.position[input] == 4)
        #expect(driver.stores.first { $0.name == "words" }?.partitions.first?.approximateSizeInBytes == 300)
        try driver.restart(ending)
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "x", timestampMs: 20)
        #expect(
            try words.readCommit { try $0.views()[0].count(of: "a") }
                == Committed(value: 3, position: answer.position.merging(Position(after: input, offset: 4))))
        // A view does not change.
        #expect(before.map { $0.count(of: "a") } == [2])
    }
}
