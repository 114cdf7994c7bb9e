import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import TestSupport
import Testing

/// The storage below an ordered store.
enum OrderedStoreBacking: CaseIterable, Sendable {
    case none, memory, rocksDB, own

    func withDisk(_ body: (() throws -> PersistentStore?) throws -> Void) throws {
        switch self {
        case .none: try body { nil }
        case .memory: try PersistentStoreKind.memory.withStore { stores in try body { try stores.open() } }
        case .own: try PersistentStoreKind.own.withStore { stores in try body { try stores.open() } }
        case .rocksDB: try PersistentStoreKind.rocksDB.withStore { stores in try body { try stores.open() } }
        }
    }
}

/// A model of the contents of an ordered store.
private struct OrderedModel {
    struct Key: Hashable {
        var key: String
        var startMs: Int64
    }

    static let retentionMs: Int64 = 150_000
    static let users = ["", "a", "a\0", "a\0\0\0\0", "ab", "b"]

    let kind = StoreKind.window(
        retentionMs: retentionMs, isTimestamped: false, visibility: .whenExpired(), isTimeIndexed: true)
    var random: SeededNumbers
    var entries: [Key: String] = [:]
    var streamTimeMs: Int64 = -1

    init(seed: UInt64) { random = SeededNumbers(seed: seed) }

    func open(over disk: PersistentStore?, maxSizeInBytes: Int) throws -> OrderedStore {
        guard case .ordered(let keys) = kind.access else { throw StreamsError(.illegalState, "no ordered store") }
        let store = try OrderedStore(
            keys: keys, values: kind.values, changes: ChangeWriter(), persistent: disk, isCached: false,
            maxSizeInBytes: maxSizeInBytes, onExpired: {})
        store.heldFromMs = .max
        return store
    }

    var living: [Key: String] { entries.filter { $0.key.startMs > streamTimeMs - Self.retentionMs } }

    mutating func change(_ store: WindowStore<String, String>, step: Int) throws {
        let user = Self.users.randomElement(using: &random) ?? ""
        let base = max(0, streamTimeMs)
        let startMs = max(0, base + Int64.random(in: -200_000...40_000, using: &random))
        let value = Int.random(in: 0..<4, using: &random) == 0 ? nil : "\(step)"
        try store.put(user, value, startMs: startMs, timestampMs: startMs)
        streamTimeMs = max(streamTimeMs, startMs)
        let oldestSegment = max(0, streamTimeMs - Self.retentionMs) / 75_000
        if streamTimeMs < Self.retentionMs || startMs / 75_000 >= oldestSegment {
            entries[Key(key: user, startMs: startMs)] = value
        }
    }

    mutating func check(_ store: WindowStore<String, String>, _ place: Comment) throws {
        let living = living
        for user in Self.users {
            let low = max(0, streamTimeMs - Int64.random(in: 0...250_000, using: &random))
            let high = low + Int64.random(in: 0...200_000, using: &random)
            let expected = living.filter { $0.key.key == user && (low...high).contains($0.key.startMs) }
                .sorted { $0.key.startMs < $1.key.startMs }
            let found = try store.fetch(user, starting: low...high)
            #expect(found.map(\.startMs) == expected.map(\.key.startMs), place)
            #expect(found.map(\.value) == expected.map(\.value), place)
            let last = try store.fetch(user, starting: low...high, reversed: true, limit: 3)
            #expect(last.map(\.value) == expected.reversed().prefix(3).map(\.value), place)
        }
        for (key, value) in entries.prefix(20) {
            let expected = living[key]
            #expect(try store.fetch(key.key, startMs: key.startMs) == expected, "\(place) \(value)")
        }
        var inTime: [Key] = []
        try store.fetchAll(starting: max(0, streamTimeMs - Self.retentionMs + 1)...Int64.max, byTime: true) {
            key, startMs, value in
            inTime.append(Key(key: key, startMs: startMs))
            #expect(living[Key(key: key, startMs: startMs)] == value, place)
            return true
        }
        #expect(
            inTime.map(\.startMs) == living.keys.map(\.startMs).sorted(), place)
        var byKey: Set<Key> = []
        try store.fetchAll { key, startMs, _ in
            byKey.insert(Key(key: key, startMs: startMs))
            return true
        }
        #expect(byKey == Set(living.keys), place)
        try checkRanges(store, place)
    }

    /// Checks ranges of keys, and everything in reverse.
    mutating func checkRanges(_ store: WindowStore<String, String>, _ place: Comment) throws {
        for byTime in [false, true] {
            var walks: [[Key]] = []
            for reversed in [false, true] {
                var keys: [Key] = []
                try store.fetchAll(byTime: byTime, reversed: reversed) { key, startMs, _ in
                    keys.append(Key(key: key, startMs: startMs))
                    return true
                }
                walks.append(keys)
            }
            #expect(walks[1] == walks[0].reversed(), place)
        }
        guard let lower = Self.users.randomElement(using: &random), let upper = Self.users.randomElement(using: &random)
        else { return }
        let lowMs = max(0, streamTimeMs - Int64.random(in: 0...250_000, using: &random))
        let times = lowMs...(lowMs + Int64.random(in: 0...200_000, using: &random))
        let users = Self.users.filter { user in
            !user.utf8.lexicographicallyPrecedes(lower.utf8) && !upper.utf8.lexicographicallyPrecedes(user.utf8)
        }
        let expected = Set(living.keys.filter { users.contains($0.key) && times.contains($0.startMs) })
        for reversed in [false, true] {
            var found: Set<Key> = []
            try store.fetchAll(from: lower, through: upper, starting: times, reversed: reversed) { key, startMs, _ in
                found.insert(Key(key: key, startMs: startMs))
                return true
            }
            #expect(found == expected, "\(place): \(lower) to \(upper) in \(times)")
        }
    }
}

@Suite("Ordered stores")
struct OrderedStoreConformance {
    @Test(
        "hold entries younger than the retention, by key and by time, across checkpoints and reopening",
        arguments: OrderedStoreBacking.allCases, [(1, Int.max), (2, 4_000), (3, 0), (4, 20_000)] as [(UInt64, Int)])
    func model(backing: OrderedStoreBacking, run: (seed: UInt64, maxSizeInBytes: Int)) throws {
        try backing.withDisk { openDisk in
            var model = OrderedModel(seed: run.seed)
            var store = try model.open(over: openDisk(), maxSizeInBytes: run.maxSizeInBytes)
            for step in 0..<600 {
                try model.change(WindowStore(store, key: .string, value: .string), step: step)
                if step % 17 == 0 {
                    try model.check(
                        WindowStore(store, key: .string, value: .string), "seed \(run.seed), step \(step), \(backing)")
                }
                if step % 40 == 0 {
                    store.committed()
                    try store.checkpoint(position: Int64(step), durably: true)
                    #expect(store.dirtySizeInBytes == 0 || backing == .none)
                    if backing != .none, step % 80 == 0 {
                        store.close()
                        store = try model.open(over: openDisk(), maxSizeInBytes: run.maxSizeInBytes)
                        #expect(try store.position() == Int64(step))
                    }
                }
            }
        }
    }

    @Test("expired segments leave memory and the disk with the checkpoint", arguments: OrderedStoreBacking.allCases)
    func expires(backing: OrderedStoreBacking) throws {
        try backing.withDisk { openDisk in
            let disk = try openDisk()
            var expired = 0
            let kind = StoreKind.session(retentionMs: 120_000)
            guard case .ordered(let keys) = kind.access else { return }
            let store = try OrderedStore(
                keys: keys, values: kind.values, changes: ChangeWriter(), persistent: disk, isCached: false,
                maxSizeInBytes: .max, onExpired: { expired += 1 })
            let sessions = SessionStore(store, key: .string, value: .int64)
            for minute in 0..<10 as Range<Int64> {
                let session = Window(startMs: minute * 60_000, endMs: minute * 60_000 + 5)
                try sessions.put("k", minute, session: session, timestampMs: 0)
                store.committed()
                try store.checkpoint(position: minute, durably: false)
            }
            #expect(try sessions.fetch("k").map(\.value) == [7, 8, 9])
            // The entries of the segments for minutes 7 to 9, and the stream time.
            #expect(try disk?.entries().count ?? 4 == 4)
            try sessions.put("k", 1, session: Window(startMs: 0, endMs: 5), timestampMs: 0)
            #expect(expired == 1)
        }
    }

    @Test("duplicates of a key and window stay distinct, also after reopening", arguments: OrderedStoreBacking.allCases)
    func duplicates(backing: OrderedStoreBacking) throws {
        try backing.withDisk { openDisk in
            let kind = StoreKind.window(retentionMs: 1_000, isTimestamped: false, visibility: .whenExpired())
            guard case .ordered(let keys) = kind.access else { return }
            for round in 1...2 {
                let store = try OrderedStore(
                    keys: keys, values: kind.values, changes: ChangeWriter(), persistent: openDisk(), isCached: false,
                    maxSizeInBytes: .max, onExpired: {})
                let windows = WindowStore(store, key: .string, value: .string, retainsDuplicates: true)
                try windows.put("k", "\(round)a", startMs: 7, timestampMs: 7)
                try windows.put("k", "\(round)b", startMs: 7, timestampMs: 7)
                let expected = backing == .none || round == 1 ? ["\(round)a", "\(round)b"] : ["1a", "1b", "2a", "2b"]
                #expect(try windows.fetch("k", starting: 0...10).map(\.value) == expected)
                try store.checkpoint(position: 1, durably: true)
                store.close()
            }
        }
    }
}
