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
