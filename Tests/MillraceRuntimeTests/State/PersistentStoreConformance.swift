import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import TestSupport
import Testing

/// One promise of ``PersistentStore`` and the engine below it, checked on a provider whose task 0_1 is locked.
struct PersistentStoreBehaviour: Sendable, CustomTestStringConvertible {
    let name: String
    let check: @Sendable (StoreOnProvider) throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (StoreOnProvider) throws -> Void) {
        self.name = name
        self.check = check
    }

    var testDescription: String { name }
}

/// A store that can be opened repeatedly.
struct StoreOnProvider {
    let provider: any StoreProvider
    let supplier: StoreSupplier

    func open(_ name: String = "counts") throws -> PersistentStore {
        try provider.openStore(plan(name, supplier: supplier), of: TaskID(subtopology: 0, partition: 1))
    }
}

/// The implementations of ``StorageEngine``.
enum PersistentStoreKind: CaseIterable, Sendable {
    case rocksDB, memory, own

    func withStore(_ body: (StoreOnProvider) throws -> Void) throws {
        let directory = try TestDirectory()
        let provider: any StoreProvider =
            switch self {
            case .rocksDB: try StateDirectory(directory.path, applicationID: "app", logger: quiet)
            case .memory, .own: MemoryStateDirectory()
            }
        let task = TaskID(subtopology: 0, partition: 1)
        try provider.lock(task)
        defer { provider.unlock(task) }
        try body(StoreOnProvider(provider: provider, supplier: self == .own ? .sortedArrays() : .rocksDB))
    }
}

@Suite("Stores on disk, and their like in memory")
struct PersistentStoreConformance {
    @Test("behaves as a persistent store", arguments: PersistentStoreKind.allCases, behaviours)
    func behaves(kind: PersistentStoreKind, behaviour: PersistentStoreBehaviour) throws {
        try kind.withStore(behaviour.check)
    }

    static let behaviours: [PersistentStoreBehaviour] = contents + scans + lives

    private static let contents = [
        PersistentStoreBehaviour("a new store is empty and has no position") { stores in
            let store = try stores.open()
            #expect(try store.position() == nil)
            #expect(try store.get("a") == nil)
            #expect(try store.entries() == [])
        },
        PersistentStoreBehaviour("a batch sets, overwrites and deletes, the later write winning") { stores in
            let store = try stores.open()
            try store.apply([Entry("a", "1"), Entry("b", "1"), Entry("c", "1"), Entry("c", nil)], position: 4)
            try store.apply([Entry("a", "2"), Entry("b", nil), Entry("absent", nil)], position: 7)
            #expect(try store.entries() == [Entry("a", "2")])
            #expect(try store.get("b") == nil)
            #expect(try store.position() == 7)
        },
        PersistentStoreBehaviour("an empty value is a value") { stores in
            let store = try stores.open()
            try store.apply([Entry("empty", "")], position: 1)
            #expect(try store.get("empty") == "")
            #expect(try store.entries() == [Entry("empty", "")])
        },
        PersistentStoreBehaviour("every key of bytes works, none touches the position") { stores in
            let store = try stores.open()
            try store.apply(awkwardKeys.map { Entry($0, $0 + [1]) }, position: 42)
            for key in awkwardKeys { #expect(try store.get(key) == key + [1]) }
            #expect(try store.position() == 42)
            try store.apply([Entry](), position: 43)
            #expect(try store.entries() == awkwardKeys.map { Entry($0, $0 + [1]) })
            try store.apply(awkwardKeys.map { Entry($0, nil) }, position: nil)
            #expect(try store.entries() == [])
            #expect(try store.position() == 43)
        },
        PersistentStoreBehaviour("a batch without a position leaves it as it is") { stores in
            let store = try stores.open()
            try store.apply([Entry("a", "1")], position: nil)
            #expect(try store.position() == nil)
            try store.apply([Entry](), position: 5)
            try store.apply([Entry("a", "2")], position: nil)
            #expect(try store.position() == 5)
        },
        PersistentStoreBehaviour("positions in several partitions lie beside the data, flushed and removed with it") {
            stores in
            let store = try stores.open()
            #expect(try store.positions() == [:])
            try store.setPositionsWithNextBatch([0: 5, 3: 1 << 40])
            #expect(try store.positions() == [:])
            try store.apply([Entry("a", "1")], position: nil)
            try store.setPositionsWithNextBatch([0: 6, 7: 0])
            try store.apply([Entry](), position: nil)
            #expect(try store.position() == nil)
            #expect(try store.get("a") == "1")
            #expect(try store.positions() == [0: 6, 3: 1 << 40, 7: 0])
            #expect(try store.entries() == [Entry("a", "1")])
            try store.flush()
            store.close()
            let again = try stores.open()
            #expect(try again.positions() == [0: 6, 3: 1 << 40, 7: 0])
            try again.removeAll()
            #expect(try again.positions() == [:])
        },
        PersistentStoreBehaviour("what the body throws comes out") { stores in
            struct Mine: Error {}
            let store = try stores.open()
            try store.apply([Entry("a", "1")], position: 1)
            #expect(throws: Mine.self) { try store.scan(from: nil, to: nil) { _, _ in throw Mine() } }
            #expect(throws: Mine.self) {
                try [UInt8](arrayLiteral: 0x61).withUnsafeBytes {
                    try store.withValue(forKey: $0) { _ in throw Mine() }
                }
            }
        },
    ]

    private static let scans = [
        PersistentStoreBehaviour("a scan goes from its lower bound up to and without its upper one") { stores in
            let store = try stores.open()
            try store.apply(awkwardKeys.map { Entry($0, [7]) }, position: 1)
            let bounds: [[UInt8]?] = awkwardKeys + [nil, [0x90], [0xFF, 0x6D, 0x69]]
            for lower in bounds {
                for upper in bounds {
                    let expected = awkwardKeys.filter { key in
                        !(lower.map { key.lexicographicallyPrecedes($0) } ?? false)
                            && (upper.map { key.lexicographicallyPrecedes($0) } ?? true)
                    }
                    #expect(try store.entries(from: lower, to: upper).map(\.key) == expected)
                    let reversed = try store.entries(from: lower, to: upper, reversed: true)
                    #expect(reversed.map(\.key) == expected.reversed())
                }
            }
        },
        PersistentStoreBehaviour("a scan ends when it is told to, and reads may happen within it") { stores in
            let store = try stores.open()
            try store.apply([Entry("a", "1"), Entry("b", "2"), Entry("c", "3")], position: 1)
            var seen: [String] = []
            try store.scan(from: nil, to: nil) { key, _ in
                seen.append(try #require(try store.get(String(decoding: key, as: UTF8.self))))
                return seen.count < 2
            }
            #expect(seen == ["1", "2"])
        },
    ]

    private static let lives = [
        PersistentStoreBehaviour("what was flushed is there after reopening, with its position") { stores in
            let store = try stores.open()
            try store.apply([Entry("a", "1"), Entry("", "none")], position: 9)
            try store.flush()
            store.close()
            let again = try stores.open()
            #expect(try again.entries() == [Entry("", "none"), Entry("a", "1")])
            #expect(try again.position() == 9)
        },
        PersistentStoreBehaviour("what was not flushed is lost, with its position") { stores in
            let store = try stores.open()
            try store.apply([Entry("a", "1")], position: 1)
            try store.flush()
            try store.apply([Entry("a", "2"), Entry("b", "2")], position: 2)
            store.close()
            let again = try stores.open()
            #expect(try again.entries() == [Entry("a", "1")])
            #expect(try again.position() == 1)
        },
        PersistentStoreBehaviour("removing everything takes the position too, at once and for good") { stores in
            let store = try stores.open()
            try store.apply(awkwardKeys.map { Entry($0, [1]) }, position: 9)
            try store.flush()
            try store.removeAll()
            #expect(try store.entries() == [])
            #expect(try store.position() == nil)
            store.close()
            let again = try stores.open()
            #expect(try again.entries() == [])
            #expect(try again.position() == nil)
            try again.apply([Entry("b", "2")], position: 3)
            try again.flush()
            again.close()
            #expect(try stores.open().entries() == [Entry("b", "2")])
        },
        PersistentStoreBehaviour("a closed store throws, and closing again does nothing") { stores in
            let store = try stores.open()
            store.close()
            store.close()
            #expect(throws: StreamsError.self) { try store.get("a") }
            #expect(throws: StreamsError.self) { try store.entries() }
            #expect(throws: StreamsError.self) { try store.apply([Entry("a", "1")], position: 1) }
            #expect(throws: StreamsError.self) { try store.flush() }
        },
        PersistentStoreBehaviour("stores of one task know nothing of each other") { stores in
            let (first, second) = (try stores.open("first"), try stores.open("second"))
            try first.apply([Entry("a", "1")], position: 1)
            #expect(try second.get("a") == nil)
            try second.removeAll()
            #expect(try first.get("a") == "1")
        },
    ]
}
