import Millrace
import MillraceEngine
import MillraceTesting
import Testing

/// Finds the keys whose value begins with a letter. A value that is empty cannot be indexed.
private final class Initials: StoreIndex {
    struct View: Sendable {
        let keys: [Character: Set<[UInt8]>]
        /// How the index got its contents.
        let rebuildCount: Int
    }

    private var initials: [[UInt8]: Character] = [:]
    private var rebuildCount = 0
    private(set) var position = Position()

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        let text = value.map { String(decoding: $0, as: UTF8.self) }
        if text == "fails" { throw Refusal() }
        initials[Array(key)] = text?.first
    }

    func commit(at position: Position) -> View {
        self.position = position
        let keys = Dictionary(grouping: initials) { $0.value }.mapValues { Set($0.map(\.key)) }
        return View(keys: keys, rebuildCount: rebuildCount)
    }

    func rebuild(from entries: StoreIndexEntries) throws {
        rebuildCount += 1
        removeAll()
        try entries.scan { key, value in
            try apply(key: key, value: value)
            return true
        }
    }

    func removeAll() { initials = [:] }
    func close() {}

    struct Refusal: Error {}
}

@Suite("Indexes of stores")
struct StoreIndexTests {
    private struct Empty: Error {}

    private func index(_ name: String = "initials") -> StoreIndexSupplier<String> {
        StoreIndexSupplier(name, kind: "initials") { value in
            if value.isEmpty { throw Empty() }
        } make: { _, _ in
            Initials()
        }
    }

    private let query = StoreQuery.index("initials", key: String.self, value: String.self, view: Initials.View.self)

    private func find(_ initial: Character, in driver: TopologyTestDriver) throws -> [String: String] {
        try driver.store(query).readCommit { index in
            var found: [String: String] = [:]
            for partition in try index.partitions() {
                for key in partition.view.keys[initial] ?? [] {
                    let entry = try #require(try key.withUnsafeBytes { try partition.entry(ofKeyBytes: $0) })
                    found[entry.key] = entry.value
                }
            }
            return found
        }.value
    }

    private func table(
        _ store: Materialized<String, String>, storage: StateStorage = .memory, errorHandlers: ErrorHandlers = .init(),
        partitions: PartitionCounts = 1
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.table("names", key: .string, value: .string, into: store)
        return try TopologyTestDriver(
            builder.build(), errorHandlers: errorHandlers, partitions: partitions, storage: storage)
    }

    @Test(
        "an index finds the present entries of a table, with their values, whatever keeps the store",
        arguments: [false, true], [false, true])
    func tables(isOnDisk: Bool, isCached: Bool) throws {
        let store = Materialized<String, String>.store("names").indexed(by: index())
        let driver = try table(
            isCached ? store : store.withoutCache(), storage: isOnDisk ? .simulatedDisk : .memory, partitions: 3)
        let input = driver.inputTopic("names", key: .string, value: .string)
        try input.pipe(keyValues: [("1", "anna"), ("2", "bert"), ("3", "alma"), ("4", "bea")])
        #expect(try find("a", in: driver) == ["1": "anna", "3": "alma"])
        try input.pipe(key: "3", value: "bodo")
        try input.pipe(key: "4", value: nil)
        #expect(try find("a", in: driver) == ["1": "anna"])
        #expect(try find("b", in: driver) == ["2": "bert", "3": "bodo"])
    }

    @Test("after a restart an index has what its store has", arguments: InstanceEnding.allCases, [false, true])
    func restarts(ending: InstanceEnding, isOnDisk: Bool) throws {
        let driver = try table(
            .store("names").indexed(by: index()), storage: isOnDisk ? .simulatedDisk : .memory)
        let input = driver.inputTopic("names", key: .string, value: .string)
        try input.pipe(keyValues: [("1", "anna"), ("2", "bert"), ("3", "alma")])
        try driver.checkpoint()
        try input.pipe(keyValues: [("1", "bodo"), ("4", "axel")])
        try driver.restart(ending)
        #expect(try find("a", in: driver) == ["3": "alma", "4": "axel"])
        try input.pipe(key: "4", value: nil)
        #expect(try find("a", in: driver) == ["3": "alma"])
    }

    @Test("a value that the index refuses goes to the processing handler, and into neither store nor index")
    func refusals() throws {
        let driver = try table(
            .store("names").indexed(by: index()), errorHandlers: ErrorHandlers(processing: .deadLetter(topic: "bad")))
        let input = driver.inputTopic("names", key: .string, value: .string)
        try input.pipe(keyValues: [("1", "anna"), ("1", ""), ("2", "")])
        #expect(try find("a", in: driver) == ["1": "anna"])
        #expect(try driver.keyValueStore("names", key: .string, value: .string)?.get("2") == nil)
        #expect(try driver.outputTopic("bad", key: .string, value: .string).readValues() == ["", ""])
        #expect(throws: (any Error).self) {
            let driver = try table(.store("names").indexed(by: index()))
            try driver.inputTopic("names", key: .string, value: .string).pipe(key: "1", value: "")
        }
    }

    @Test("an index that fails shows its error to readers, and the store goes on without it")
    func failures() throws {
        let driver = try table(.store("names").indexed(by: index()))
        let input = driver.inputTopic("names", key: .string, value: .string)
        try input.pipe(keyValues: [("1", "anna"), ("2", "fails"), ("3", "alma")])
        #expect(throws: Initials.Refusal.self) { try find("a", in: driver) }
        #expect(try driver.store(.timestampedKeyValue("names", key: .string, value: .string)).get("3")?.value == "alma")
    }

    @Test("a global table and a processor's store can have indexes")
    func otherStores() throws {
        let builder = StreamsBuilder()
        _ = builder.globalTable("names", key: .string, value: .string, into: .store("names").indexed(by: index()))
        let drafts = Stores.keyValue("drafts", key: .string, value: .string).indexed(by: index("draft-initials"))
        builder.stream("drafts", key: .string, value: .string).process(stores: [drafts]) {
            (context: ProcessorContext<Never, Never>) in
            let drafts = try context.store(drafts)
            return { record in try drafts.put(record.key ?? "", record.value) }
        }
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        try driver.inputTopic("names", key: .string, value: .string)
            .pipe(keyValues: [("1", "anna"), ("2", "bert")])
        try driver.inputTopic("drafts", key: .string, value: .string)
            .pipe(keyValues: [("1", "axel"), ("2", "anton"), ("2", ""), ("3", "bea")])
        #expect(try find("a", in: driver) == ["1": "anna"])
        let drafted = try driver.store(
            .index("draft-initials", key: String.self, value: String.self, view: Initials.View.self))
        #expect(try drafted.partitions().first?.view.keys["a"]?.count == 2)
        #expect(try drafted.partitions().first?.value(of: "2") == "anton")
    }

    @Test("a query for an index says what is wrong with it")
    func wrongQueries() throws {
        let driver = try table(.store("names").indexed(by: index()))
        func message<Key, Value, View: Sendable>(_ query: StoreQuery<QueryableIndex<Key, Value, View>>) -> String {
            do {
                _ = try driver.store(query).partitions()
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message(.index("other", key: String.self, value: String.self, view: Initials.View.self))
                .contains("the topology has no index other; it has initials"))
        #expect(
            message(.index("initials", key: String.self, value: Int64.self, view: Initials.View.self))
                .contains("values of type String, but is asked for keys of type String and values of type Int64"))
        #expect(
            message(.index("initials", key: String.self, value: String.self, view: Int.self))
                .contains("the index initials is of another kind than Int"))
    }

    @Test("a topology with wrong indexes cannot be built, and says why")
    func wrongIndexes() throws {
        let builder = StreamsBuilder()
        builder.table(
            "a", key: .string, value: .string, into: .store("a").indexed(by: index()).indexed(by: index("b c")))
        builder.table("b", key: .string, value: .string, into: .store("b").indexed(by: index()))
        builder.table(
            "c", key: .string, value: .string,
            into: .versioned("c", historyRetention: .seconds(1)).indexed(by: index("c")))
        let stream = builder.stream("d", key: .string, value: .string)
        stream.groupByKey().windowedBy(.tumbling(.seconds(1)))
            .reduce(into: .store("d").indexed(by: index("d"))) { $0 + $1 }
        do {
            _ = try builder.build()
            Issue.record("it was built")
        } catch {
            let text = "\(error)"
            #expect(text.contains(#"a: the name of an index, "b c", has a space in it"#))
            #expect(text.contains("b: an index named initials exists already"))
            #expect(text.contains("c: only a key-value store without windows and versions can have an index"))
            #expect(text.contains("d: only a key-value store without windows and versions can have an index"))
        }
    }
}
