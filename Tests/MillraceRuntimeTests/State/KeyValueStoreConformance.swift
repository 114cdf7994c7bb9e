import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import TestSupport
import Testing

/// One promise of ``KeyValueBytesStore``.
struct KeyValueStoreBehaviour: Sendable, CustomTestStringConvertible {
    let name: String
    let check: @Sendable (KeyValueStoreUnderTest) throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (KeyValueStoreUnderTest) throws -> Void) {
        self.name = name
        self.check = check
    }

    var testDescription: String { name }
}

struct KeyValueStoreUnderTest {
    let store: any KeyValueBytesStore
    /// Makes the entries written so far the older layer, if there are layers.
    let settle: () throws -> Void
}

/// The implementations of ``KeyValueBytesStore``.
enum KeyValueStoreKind: CaseIterable, Sendable {
    case memory, bufferOverMemory, bufferOverRocksDB, tinyBufferOverRocksDB, tinyBufferOverOwnEngine

    func withStore(_ body: (KeyValueStoreUnderTest) throws -> Void) throws {
        switch self {
        case .memory: try body(KeyValueStoreUnderTest(store: InMemoryKeyValueStore(), settle: {}))
        case .bufferOverMemory: try withBuffer(over: .memory, maxSizeInBytes: 1 << 20, body)
        case .bufferOverRocksDB: try withBuffer(over: .rocksDB, maxSizeInBytes: 1 << 20, body)
        // Keeps no entry that is already on disk.
        case .tinyBufferOverOwnEngine: try withBuffer(over: .own, maxSizeInBytes: 1, body)
        case .tinyBufferOverRocksDB: try withBuffer(over: .rocksDB, maxSizeInBytes: 1, body)
        }
    }

    private func withBuffer(
        over kind: PersistentStoreKind, maxSizeInBytes: Int, _ body: (KeyValueStoreUnderTest) throws -> Void
    ) throws {
        try kind.withStore { stores in
            let buffer = TransactionBuffer(over: try stores.open(), maxSizeInBytes: maxSizeInBytes)
            try body(KeyValueStoreUnderTest(store: buffer, settle: { try buffer.writeDown(position: nil) }))
        }
    }
}

@Suite("Key-value stores as operators see them")
struct KeyValueStoreConformance {
    @Test("behaves as a key-value store", arguments: KeyValueStoreKind.allCases, behaviours)
    func behaves(kind: KeyValueStoreKind, behaviour: KeyValueStoreBehaviour) throws {
        try kind.withStore(behaviour.check)
    }

    static let behaviours = contents + scans

    private static let contents = [
        KeyValueStoreBehaviour("absent keys have no value, also when asked twice") { test in
            #expect(try test.store.get([1]) == nil)
            #expect(try test.store.get([1]) == nil)
            try test.store.put(Entry([1], [2]))
            #expect(try test.store.get([1]) == [2])
        },
        KeyValueStoreBehaviour("the last write counts, in whichever layer the others are") { test in
            try test.store.put(Entry("a", "1"), Entry("a", "a longer value"), Entry("b", "1"))
            try test.settle()
            try test.store.put(Entry("a", "3"), Entry("c", "1"))
            #expect(try test.store.entries() == [Entry("a", "3"), Entry("b", "1"), Entry("c", "1")])
            try test.settle()
            #expect(try test.store.entries() == [Entry("a", "3"), Entry("b", "1"), Entry("c", "1")])
        },
        KeyValueStoreBehaviour("an empty value is a value, in both layers") { test in
            try test.store.put(Entry("a", ""))
            #expect(try test.store.get(Array("a".utf8)) == [])
            try test.settle()
            #expect(try test.store.get(Array("a".utf8)) == [])
            #expect(try test.store.entries() == [Entry("a", "")])
        },
        KeyValueStoreBehaviour("every key of bytes works, in both layers") { test in
            try test.store.put(awkwardKeys.map { Entry($0, $0 + [1]) })
            for _ in 0..<2 {
                for key in awkwardKeys { #expect(try test.store.get(key) == key + [1]) }
                #expect(try test.store.entries() == awkwardKeys.map { Entry($0, $0 + [1]) })
                try test.settle()
            }
        },
        KeyValueStoreBehaviour("a deleted key is gone, from whichever layer, and may come back") { test in
            try test.store.put(Entry("a", "1"), Entry("b", "1"), Entry("b", nil), Entry("absent", nil))
            #expect(try test.store.entries() == [Entry("a", "1")])
            try test.settle()
            try test.store.put(Entry("a", nil))
            #expect(try test.store.get(Array("a".utf8)) == nil)
            #expect(try test.store.entries() == [])
            try test.settle()
            #expect(try test.store.get(Array("a".utf8)) == nil)
            #expect(try test.store.entries() == [])
            try test.store.put(Entry("a", "2"))
            #expect(try test.store.entries() == [Entry("a", "2")])
        },
        KeyValueStoreBehaviour("what the body throws comes out") { test in
            struct Mine: Error {}
            try test.store.put(Entry([1], [1]))
            try test.settle()
            try test.store.put(Entry([2], [2]))
            #expect(throws: Mine.self) { try test.store.scan(from: nil, to: nil) { _, _ in throw Mine() } }
            #expect(throws: Mine.self) {
                try [UInt8](arrayLiteral: 1).withUnsafeBytes {
                    try test.store.withValue(forKey: $0) { _ in throw Mine() }
                }
            }
        },
    ]

    private static let scans = [
        KeyValueStoreBehaviour("a scan merges both layers within its bounds") { test in
            // Each key is treated differently in the two layers.
            var expected: [[UInt8]: [UInt8]] = [:]
            try test.store.put(awkwardKeys.enumerated().filter { $0.offset % 3 != 2 }.map { Entry($0.element, [1]) })
            for (index, key) in awkwardKeys.enumerated() where index % 3 != 2 { expected[key] = [1] }
            try test.settle()
            for (index, key) in awkwardKeys.enumerated() where index % 2 == 0 {
                let value: [UInt8]? = index % 4 == 0 ? [2] : nil
                try test.store.put(Entry(key, value))
                expected[key] = value
            }
            let bounds: [[UInt8]?] = awkwardKeys + [nil, [0x90]]
            for lower in bounds {
                for upper in bounds {
                    let within = expected.filter { entry in
                        !(lower.map { entry.key.lexicographicallyPrecedes($0) } ?? false)
                            && (upper.map { entry.key.lexicographicallyPrecedes($0) } ?? true)
                    }
                    let sorted = within.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                    let entries = sorted.map { Entry($0.key, $0.value) }
                    #expect(try test.store.entries(from: lower, to: upper) == entries)
                    #expect(try test.store.entries(from: lower, to: upper, reversed: true) == entries.reversed())
                }
            }
        },
        KeyValueStoreBehaviour("a scan ends where it is told to, in either layer") { test in
            try test.store.put(Entry([2], [2]), Entry([4], [4]))
            try test.settle()
            try test.store.put(Entry([1], [1]), Entry([3], [3]), Entry([5], [5]))
            for limit in 1...5 {
                var seen: [UInt8] = []
                try test.store.scan(from: nil, to: nil) { key, _ in
                    seen += Array(key)
                    return seen.count < limit
                }
                #expect(seen == (1...UInt8(limit)).map { $0 })
            }
        },
        KeyValueStoreBehaviour("other keys may be read during a scan") { test in
            try test.store.put((0..<50).map { Entry([$0], [$0, 1]) })
            try test.settle()
            try test.store.put((50..<100).map { Entry([$0], [$0, 1]) })
            var count = 0
            try test.store.scan(from: nil, to: nil) { key, value in
                let other = 99 - key[0]
                let read = try test.store.get([other])
                #expect(read == [other, 1])
                #expect(Array(value) == [key[0], 1])
                count += 1
                return true
            }
            #expect(count == 100)
        },
    ]

    @Test(
        "agrees with a dictionary through random operations", arguments: KeyValueStoreKind.allCases,
        1...3 as ClosedRange<UInt64>)
    func random(kind: KeyValueStoreKind, seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        var model: [[UInt8]: [UInt8]] = [:]
        try kind.withStore { test in
            for _ in 0..<2_000 {
                let key = (0..<Int.random(in: 0...2, using: &random)).map { _ in UInt8.random(in: 0...7, using: &random)
                }
                switch Int.random(in: 0..<100, using: &random) {
                case ..<45:
                    let value = [UInt8](
                        repeating: .random(in: 0...255, using: &random), count: .random(in: 0...40, using: &random))
                    try test.store.put(Entry(key, value))
                    model[key] = value
                case ..<70:
                    try test.store.put(Entry(key, nil))
                    model[key] = nil
                case ..<95: #expect(try test.store.get(key) == model[key])
                case ..<97: try test.settle()
                default:
                    let expected = model.filter { !$0.key.lexicographicallyPrecedes(key) }
                        .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { Entry($0.key, $0.value) }
                    #expect(try test.store.entries(from: key) == expected)
                    #expect(try test.store.entries(from: key, reversed: true) == expected.reversed())
                }
            }
        }
    }
}
