import Logging
import Millrace
import MillraceEngine
import TestSupport
import Testing

/// An engine whose entries other threads may read. It tells of each write when the write is done.
// Sendable, because the test has one thread.
private final class WatchedEngine: StorageEngine, StorageReader, StorageSnapshot, @unchecked Sendable {
    private let entries = SortedArray()
    var onWrite: () -> Void = {}

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
        onWrite()
    }

    func flush() throws { try entries.flush() }
    func removeAll() throws { try entries.removeAll() }
    func close() {}
    var reader: (any StorageReader)? { self }
    // Nothing is written while the test reads.
    func snapshot() throws -> any StorageSnapshot { self }
}

/// An index of the keys.
// Sendable, because the test has one thread.
private final class KeyIndex: StoreIndex, @unchecked Sendable {
    private var keys: Set<String> = []
    private(set) var position = Position()

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        let key = String(decoding: key, as: UTF8.self)
        if value == nil { keys.remove(key) } else { keys.insert(key) }
    }

    func commit(at position: Position) -> Set<String> {
        self.position = position
        return keys
    }

    func rebuild(from entries: StoreIndexEntries) throws { keys = [] }
    func removeAll() { keys = [] }
    func close() {}
}

@Suite("Reads of a store that is being restored")
struct RestoredReadTests {
    private typealias Runs = [[(key: String, value: String?)]]

    private let engine = WatchedEngine()
    private let changelog = TopicPartition(topic: "words", partition: 0)
    private static let runs: Runs = [
        [("a", "1"), ("b", "1")], [("b", nil), ("c", "2")], [("a", nil), ("b", "3"), ("d", "3")], [("d", nil)],
    ]

    private func standby(_ define: (StreamsBuilder, StoreSupplier) -> Void) throws -> (TaskState, LocalStores) {
        let builder = StreamsBuilder()
        define(builder, StoreSupplier { [engine] _ in engine })
        let topology = try builder.build(optimization: .reuseTableSourceTopics)
        let id = TaskID(subtopology: 0, partition: 0)
        let state = try TaskState(
            id: id, stores: topology.subtopologies[0].stores, keptTimes: [],
            configuration: TaskConfiguration(
                applicationID: "app", handlers: ErrorHandlers(), maxStoreBufferSizeInBytes: 1 << 20,
                maxCacheSizeInBytes: 0),
            producer: RecordingProducer(), provider: nil, clock: StoppedClock(), logger: Logger(label: "test"))
        let stores = LocalStores(topology)
        stores.begin([id: [changelog]])
        stores.setPlacement(TaskPlacement())
        state.announce(to: stores, isStandby: true)
        return (state, stores)
    }

    /// Restores the runs one after the other, and calls a closure after each write and after each run.
    private func restore(_ store: TaskStore, _ read: @escaping () -> Void) throws {
        engine.onWrite = read
        var offset: Int64 = 0
        for run in Self.runs {
            let memory = run.map { TestBytes($0.key, $0.value ?? "") }
            let records = zip(run, memory).map { record, bytes in
                defer { offset += 1 }
                return FetchedRecord(
                    offset: offset, timestampMs: 7, headers: [], key: bytes.key,
                    value: record.value == nil ? nil : bytes.value)
            }
            try store.restore(RecordRun(slot: 0, records[...], ownedBy: memory as AnyObject))
            read()
        }
    }

    /// The table after some number of records.
    private func table(after count: Int64) -> [String: String] {
        Self.runs.joined().prefix(Int(count)).reduce(into: [:]) { $0[$1.key] = $1.value }
    }

    /// A standby of a table with an index.
    private func indexedTable(_ index: KeyIndex = KeyIndex()) throws -> (TaskState, LocalStores) {
        let supplier = StoreIndexSupplier<String>("keys", kind: "keys") { _, _ in index }
        return try standby { builder, engines in
            builder.table(
                "words", key: .string, value: .string,
                into: .store("words").withoutCache().supplied(by: engines).indexed(by: supplier))
        }
    }

    @Test("a read finds entries and index of one commit, also while the disk has a later one")
    func indexed() throws {
        let (state, stores) = try indexedTable()
        let query = StoreQuery.index("keys", key: String.self, value: String.self, view: Set<String>.self)
        let view = try stores.view(query.enableStaleStores())
        try state.followWantedStores()
        var positions: [Int64] = []
        try restore(try #require(state.stores.first)) { [changelog] in
            do {
                let read = try view.readCommit { handle in
                    var entries: [String: String] = [:]
                    let partition = try #require(handle.partitions().first)
                    try partition.scan { key, value in
                        entries[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
                        return true
                    }
                    return (entries: entries, keys: partition.view)
                }
                positions.append(read.position[changelog])
                #expect(read.value.entries == table(after: read.position[changelog]))
                #expect(read.value.keys == Set(read.value.entries.keys))
            } catch {
                Issue.record(error)
            }
        }
        // Each run was read when the disk had it, and when it was done.
        #expect(positions == [2, 2, 4, 4, 7, 7, 8, 8])
    }

    @Test("the index of a store that was emptied is empty at once, and does not get the position of what was there")
    func emptied() throws {
        let index = KeyIndex()
        let (state, _) = try indexedTable(index)
        let store = try #require(state.stores.first)
        try restore(store) {}
        #expect(try store.indexReader().indexView(named: "keys") as? Set<String> == ["b", "c"])
        #expect(index.position == Position([changelog: 8]))
        try state.wipe()
        #expect(try store.indexReader().indexView(named: "keys") as? Set<String> == [])
        try state.checkpoint(durably: true)
        #expect(index.position.isEmpty)
        try restore(store) {}
        #expect(index.position == Position([changelog: 8]))
    }
}
