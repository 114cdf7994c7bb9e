import Millrace
import MillraceTesting
import Testing

/// The examples of docs/stores.md and docs/queries.md about indexes, unchanged.
@Suite("Examples in the documentation of indexes")
struct IndexExamples {
    @Test("that of an index of words runs")
    func words() throws {
        let builder = StreamsBuilder()
        let words = StoreIndexSupplier<String>("words", kind: "words") { context, value in WordIndex() }
        builder.table("notes", key: .string, value: .string, into: .store("notes").indexed(by: words))
        let application = try TopologyTestDriver(builder.build())
        let notes = application.inputTopic("notes", key: .string, value: .string)
        try notes.pipe(keyValues: [("1", "urgent call"), ("2", "later"), ("3", "urgent letter"), ("4", "urgent")])
        try notes.pipe(keyValues: [("3", "letter"), ("4", nil)])
        #expect(try find(in: application) == ["1": "urgent call"])
        try application.restart(.losingState)
        #expect(try find(in: application) == ["1": "urgent call"])
    }

    private func find(in application: TopologyTestDriver) throws -> [String: String] {
        let words = try application.store(
            .index("words", key: String.self, value: String.self, view: [Substring: Set<[UInt8]>].self))
        let found = try words.readCommit { index in
            try index.partitions().flatMap { partition in
                try (partition.view["urgent"] ?? []).compactMap { key in
                    try key.withUnsafeBytes { try partition.entry(ofKeyBytes: $0) }
                }
            }
        }
        return Dictionary(uniqueKeysWithValues: found.value.map { ($0.key, $0.value) })
    }

    @Test("those of stores and queries build")
    func stores() throws {
        let words = StoreIndexSupplier<String>("words", kind: "words") { context, value in WordIndex() }
        func plain() {
            let drafts = Stores.keyValue("drafts", key: .string, value: .string).indexed(by: words)
            #expect(drafts.name == "drafts")
        }
        plain()
        let drafts = Stores.timestampedKeyValue("drafts", key: .string, value: .string).indexed(by: words)
        #expect(drafts.name == "drafts")
        let builder = StreamsBuilder()
        builder.table("totals", key: .string, value: .int64, into: .store("totals"))
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("totals", key: .string, value: .int64).pipe(key: "first", value: 7)
        let totals = StoreQuery.keyValue("totals", key: .string, value: .int64).map { store in Totals(store: store) }
        #expect(try driver.store(totals).first() == 7)
    }

    private struct Totals {
        let store: QueryableKeyValueStore<String, Int64>

        func first() throws -> Int64? { try store.get("first") }
    }

    @Test("those of operators that search run")
    func operators() throws {
        let builder = StreamsBuilder()
        let wordIndex = StoreIndexSupplier<String>("words", kind: "words") { context, value in WordIndex() }
        let notes = builder.globalTable(
            "notes", key: .string, value: .string, into: .store("notes").indexed(by: wordIndex))
        let questions = builder.stream("questions", key: .string, value: .string)
        let answers = questions.join(index: "words", of: notes, view: [Substring: Set<[UInt8]>].self) { words in
            { _, question in
                let partition = try words.partition()
                let keys = partition.view[question[...]] ?? []
                return try keys.compactMap { try $0.withUnsafeBytes(partition.entry)?.value }.joined(separator: "; ")
            }
        }
        answers.to("answers", key: .string, value: .string)
        questions.process { (context: ProcessorContext<String, Int>) in
            let words = try context.index(
                "words", key: String.self, value: String.self, view: [Substring: Set<[UInt8]>].self)
            return { record in
                let partition = try words.partition()
                let found = partition.view["amber"]?.filter { key in !key.withUnsafeBytes(words.hasChanged) }
                try words.takeChangedKeys { key in print(try partition.entry(ofKeyBytes: key)?.value ?? "deleted") }
                try context.forward(Record(key: "amber", value: found?.count, timestampMs: record.timestampMs))
            }
        }
        .to("counts", key: .string, value: .json(Int.self))
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("notes", key: .string, value: .string).pipe(keyValues: [("1", "amber light")])
        try driver.inputTopic("questions", key: .string, value: .string).pipe(keyValues: [("a", "light"), ("b", "red")])
        #expect(try driver.outputTopic("answers", key: .string, value: .string).readValues() == ["amber light", ""])
        #expect(try driver.outputTopic("counts", key: .string, value: .json(Int.self)).readValues() == [1, 1])
    }

    @Test("that of a join in the own partition runs, and sees what is not committed")
    func ownPartition() throws {
        let builder = StreamsBuilder()
        let wordIndex = StoreIndexSupplier<String>("words", kind: "words") { context, value in WordIndex() }
        let questions = builder.stream("questions", key: .string, value: .string)
        let notes = questions.toTable(into: .store("notes").indexed(by: wordIndex))
        let counts =
            questions.join(index: "words", inOwnPartitionOf: notes, view: [Substring: Set<[UInt8]>].self) { words in
                { _, question in
                    let keys = try words.partition().view[question[...]] ?? []
                    return keys.filter { !$0.withUnsafeBytes(words.hasChanged) }.count
                }
            }
        counts.to("counts", key: .string, value: .json(Int.self))
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("questions", key: .string, value: .string).pipe(
            keyValues: [("a", "red"), ("b", "red"), ("a", "red"), ("b", "blue"), ("c", "red")])
        #expect(try driver.outputTopic("counts", key: .string, value: .json(Int.self)).readValues() == [0, 1, 1, 0, 1])
    }

    @Test("an index that the topology does not have, or of other types, is refused")
    func unknown() {
        #expect(throws: StreamsError.self) {
            let builder = StreamsBuilder()
            builder.stream("questions", key: .string, value: .string).process {
                (context: ProcessorContext<String, Int>) in
                let words = try context.index("words", key: String.self, value: String.self, view: Int.self)
                return { _ in print(words.hasChanges) }
            }
            .to("counts", key: .string, value: .json(Int.self))
            _ = try TopologyTestDriver(builder.build())
        }
    }

    @Test("that of the description of an index builds")
    func cities() throws {
        let cityIndex = StoreIndexSupplier<Case>("cities", kind: "cities") { _, _ in WordIndex() }
        let builder = StreamsBuilder()
        builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: cityIndex))
        #expect(try builder.build().describe().contains("cases"))
    }

    private struct Case: Codable { var city: String }
}

private final class WordIndex: StoreIndex {
    private var keys: [Substring: Set<[UInt8]>] = [:]
    private var texts: [[UInt8]: String] = [:]
    private(set) var position = Position()

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        let bytes = Array(key)
        let text = value.map { String(decoding: $0, as: UTF8.self) }
        for word in texts[bytes, default: ""].split(separator: " ") { keys[word]?.remove(bytes) }
        for word in (text ?? "").split(separator: " ") { keys[word, default: []].insert(bytes) }
        texts[bytes] = text
    }

    func commit(at position: Position) -> [Substring: Set<[UInt8]>] {
        self.position = position
        return keys
    }

    func rebuild(from entries: StoreIndexEntries) throws {
        removeAll()
        try entries.scan { key, value in
            apply(key: key, value: value)
            return true
        }
    }

    func removeAll() { (keys, texts) = ([:], [:]) }
    func close() {}
}
