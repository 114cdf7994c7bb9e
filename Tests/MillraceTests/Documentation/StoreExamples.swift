import Millrace
import MillraceTesting
import TestSupport
import Testing

/// The examples of docs/stores.md and of the comments of stores, unchanged.
@Suite("Examples in the documentation of stores")
struct StoreExamples {
    @Test("that of a store of vectors runs")
    func vectors() throws {
        let builder = StreamsBuilder()
        let documents = builder.stream("documents", key: .string, value: .string)
        let vectors = Stores.custom("vectors") { context in Vectors(context) }
        documents.process(stores: [vectors]) { (context: ProcessorContext<Never, Never>) in
            let vectors = try context.store(vectors)
            return { record in
                guard let name = record.key, let text = record.value else { return }
                try vectors.insert(name, text.utf8.map { Float($0) }, timestampMs: record.timestampMs)
            }
        }
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("documents", key: .string, value: .string).pipe(key: "a", value: "x")
        try driver.restart(.losingState)
        #expect(try driver.store(vectors)?.vectors == ["a": [120]])
    }

    @Test("those of walks and of stores of every kind run")
    func walks() throws {
        let builder = StreamsBuilder(stores: .sortedArrays())
        let events = builder.stream("events", key: .string, value: .string)
        events.groupByKey().count(into: .store("counts").supplied(by: StoreSupplier { place in SortedArray() }))
        let counts = Stores.keyValue("plain", key: .string, value: .int64)
            .supplied(by: StoreSupplier { _ in SortedArray() })
        let scores = Stores.keyValue("scores", key: .string, value: .double)
        let vectors = Stores.custom("vectors") { context in Vectors(context) }
        events.process(stores: [counts, scores, vectors]) { (context: ProcessorContext<Never, Never>) in
            let (scores, vectors) = (try context.store(scores), try context.store(vectors))
            return { record in
                guard let key = record.key, let value = record.value else { return }
                try scores.put(key, Double(value.count) / 10)
                try vectors.insert(key, value.utf8.map { Float($0) }, timestampMs: record.timestampMs)
                try scores.scan(reversed: true) { key, score in
                    if score < 0.5 { try scores.put(key, nil) }
                    return key > "m"
                }
            }
        }
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("events", key: .string, value: .string)
        try input.pipe(keyValues: [("z", "short"), ("a", "tiny"), ("y", "wee")])
        #expect(try driver.store(scores)?.entries().map(\.key) == ["z"])
        try driver.restart(.losingState)
        #expect(try driver.store(vectors)?.vectors.keys.sorted() == ["a", "y", "z"])
    }

    @Test("those of suppliers build")
    func suppliers() throws {
        let builder = StreamsBuilder(stores: .lmdb(mapSizeInBytes: 1 << 30))  // all of the DSL's stores
        let events = builder.stream("events", key: .string, value: .string)
        events.groupByKey().count(into: .store("counts").supplied(by: .lmdb(mapSizeInBytes: 1 << 30)))
        let last = Stores.keyValue("last", key: .string, value: .string).supplied(by: .lmdb(mapSizeInBytes: 1 << 30))
        let (lowest, stop) = ("b", "c")
        events.process(stores: [last]) { (context: ProcessorContext<Never, Never>) in
            let store = try context.store(last)
            return { record in
                guard let key = record.key, let value = record.value else { return }
                try store.put(key, value)
                try store.scan(from: "a", reversed: true) { key, value in
                    if value < lowest { try store.put(key, nil) }
                    return key != stop
                }
            }
        }
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("events", key: .string, value: .string).pipe(key: "a", value: "x")
        #expect(try driver.store(last)?.get("a") == "x")
    }

    @Test("those of comments build")
    func comments() throws {
        let builder = StreamsBuilder()
        let events = builder.stream("events", key: .string, value: .string)
        events.groupByKey().count(into: .store("counts").supplied(by: .sortedArray()))
        let counts = Stores.keyValue("counts", key: .string, value: .int64)
            .supplied(by: StoreSupplier { _ in SortedArray() })
        #expect(counts.name == "counts")
        _ = try builder.build()
    }
}

/// Vectors by name, in memory, logged to a changelog.
private final class Vectors: StateStore {
    private let context: StateStoreContext
    private(set) var vectors: [String: [Float]] = [:]

    init(_ context: StateStoreContext) { self.context = context }

    func insert(_ name: String, _ vector: [Float], timestampMs: Int64) throws {
        vectors[name] = vector
        let bytes = vector.withUnsafeBytes { Array($0) }
        try context.log(key: Array(name.utf8), value: bytes, timestampMs: timestampMs)
    }

    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        vectors[String(decoding: key, as: UTF8.self)] = value.map { Array($0.bindMemory(to: Float.self)) }
    }

    func removeAll() { vectors = [:] }
}

/// Stands in for an engine over a library.
private final class LMDBEngine: StorageEngine {
    private let entries = SortedArray()

    init(directory: String?, mapSizeInBytes: Int) throws {}

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try entries.withValue(forKey: key, body)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try entries.scan(from: lower, to: upper, reversed: reversed, body)
    }

    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        try entries.apply(writes, droppingBelow: bound)
    }

    func flush() throws { try entries.flush() }
    func removeAll() throws { try entries.removeAll() }
    func close() { entries.close() }
}

extension StoreSupplier {
    fileprivate static func lmdb(mapSizeInBytes: Int) -> StoreSupplier {
        StoreSupplier { place in try LMDBEngine(directory: place.directory, mapSizeInBytes: mapSizeInBytes) }
    }
}

extension StoreSupplier {
    fileprivate static func sortedArray() -> StoreSupplier { StoreSupplier { _ in SortedArray() } }
}
