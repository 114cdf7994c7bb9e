import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import TestSupport
import Testing

/// A model of the contents of a versioned store: all versions of each key, by the times from which they are valid.
private struct VersionedModel {
    static let historyMs: Int64 = 150_000
    static let users = ["", "a", "a\0", "a\0\0\0\0", "ab", "a\u{7f}", "b"]

    var random: SeededNumbers
    var versions: [String: [Int64: String?]] = [:]
    var streamTimeMs: Int64 = -1
    var changelog: [(key: String, value: String?, timestampMs: Int64)] = []

    init(seed: UInt64) { random = SeededNumbers(seed: seed) }

    static func open(over disk: PersistentStore?, maxSizeInBytes: Int) throws -> VersionedStore {
        let kind = StoreKind.versionedKeyValue(historyMs: historyMs)
        guard case .versioned(let keys) = kind.access else { throw StreamsError(.illegalState, "no versioned store") }
        let entries = try OrderedStore(
            keys: keys, values: kind.values, changes: ChangeWriter(), persistent: disk, isCached: false,
            maxSizeInBytes: maxSizeInBytes, onExpired: {})
        return VersionedStore(entries: entries, onExpired: {})
    }

    var oldestMs: Int64 { streamTimeMs - Self.historyMs }

    mutating func change(_ store: VersionedStore, step: Int) throws {
        let user = Self.users.randomElement(using: &random) ?? ""
        let grain: Int64 = 7_000
        let timestampMs =
            max(0, max(0, streamTimeMs) + Int64.random(in: -200_000...30_000, using: &random)) / grain * grain
        // A deletion at exactly the time of the latest version removes it rather than ends it; a separate test covers that.
        let isLatest = versions[user]?.keys.max() == timestampMs
        let isDeletion = !isLatest && Int.random(in: 0..<4, using: &random) == 0
        let value: String? = isDeletion ? nil : step % 9 == 0 ? "" : "\(step)"
        let isTaken = try VersionedKeyValueStore(store, key: .string, value: .string)
            .put(user, value, timestampMs: timestampMs)
        changelog.append((user, value, timestampMs))
        #expect(isTaken == (timestampMs >= oldestMs))
        guard isTaken else { return }
        streamTimeMs = max(streamTimeMs, timestampMs)
        versions[user, default: [:]][timestampMs] = .some(value)
    }

    /// The version that was valid at a time; the latest one for `nil`.
    func version(of user: String, asOfMs: Int64?) -> ValueAndTimestamp<String>? {
        let all = versions[user] ?? [:]
        guard let latestMs = all.keys.max() else { return nil }
        let moment = asOfMs ?? latestMs
        guard let fromMs = all.keys.filter({ $0 <= moment }).max(), let value = all[fromMs] ?? nil else { return nil }
        if moment < oldestMs, fromMs != latestMs { return nil }
        return ValueAndTimestamp(value: value, timestampMs: fromMs)
    }

    mutating func check(_ store: VersionedStore, _ place: Comment) throws {
        let view = VersionedKeyValueStore(store, key: .string, value: .string)
        for user in Self.users {
            #expect(try view.get(user) == version(of: user, asOfMs: nil), "\(place), latest of \(Array(user.utf8))")
            for _ in 0..<8 {
                let moment = max(0, streamTimeMs + Int64.random(in: -200_000...20_000, using: &random))
                #expect(
                    try view.get(user, asOfMs: moment) == version(of: user, asOfMs: moment),
                    "\(place), \(Array(user.utf8)) as of \(moment)")
            }
        }
        var scanned: [String] = []
        try TimestampedKeyValueStore<String, String>(store, key: .string, value: .string).scan { key, stored in
            scanned.append(key)
            #expect(stored == version(of: key, asOfMs: nil), place)
            return true
        }
        let expected = Self.users.filter { version(of: $0, asOfMs: nil) != nil }
        let ordered = expected.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(scanned == ordered, place)
        for (lower, upper) in zip(Self.users, Self.users.dropFirst()) {
            let within = ordered.filter {
                !$0.utf8.lexicographicallyPrecedes(lower.utf8) && !upper.utf8.lexicographicallyPrecedes($0.utf8)
            }
            let found = try TimestampedKeyValueStore<String, String>(store, key: .string, value: .string)
                .entries(from: lower, through: upper, reversed: true, limit: 2)
            #expect(found.map(\.key) == Array(within.reversed().prefix(2)), "\(place), from \(lower) through \(upper)")
        }
    }
}

@Suite("Versioned stores")
struct VersionedStoreConformance {
    @Test(
        "return the version that was valid at a time, across checkpoints and reopening",
        arguments: OrderedStoreBacking.allCases, [(1, Int.max), (2, 4_000), (3, 0), (4, 20_000)] as [(UInt64, Int)])
    func model(backing: OrderedStoreBacking, run: (seed: UInt64, maxSizeInBytes: Int)) throws {
        try backing.withDisk { openDisk in
            var model = VersionedModel(seed: run.seed)
            var store = try VersionedModel.open(over: openDisk(), maxSizeInBytes: run.maxSizeInBytes)
            for step in 0..<600 {
                try model.change(store, step: step)
                if step % 17 == 0 { try model.check(store, "seed \(run.seed), step \(step), \(backing)") }
                if step % 40 == 0 {
                    store.committed()
                    try store.checkpoint(position: Int64(step), durably: true)
                    if backing != .none, step % 80 == 0 {
                        store.close()
                        store = try VersionedModel.open(over: openDisk(), maxSizeInBytes: run.maxSizeInBytes)
                        #expect(try store.position() == Int64(step))
                    }
                }
            }
            try model.check(store, "in the end")
            store.close()
        }
    }

    @Test("a deletion at the time of the latest version removes it, so that an older one can be the latest")
    func takesBack() throws {
        let store = try VersionedModel.open(over: nil, maxSizeInBytes: .max)
        let view = VersionedKeyValueStore(store, key: .string, value: .string)
        try view.put("a", "newer", timestampMs: 20)
        try view.put("a", nil, timestampMs: 20)
        try view.put("a", "older", timestampMs: 10)
        #expect(try view.get("a") == ValueAndTimestamp(value: "older", timestampMs: 10))
        try view.put("b", nil, timestampMs: 20)
        try view.put("b", "older", timestampMs: 10)
        #expect(try view.get("b") == nil)
        #expect(try view.get("b", asOfMs: 19)?.value == "older")
    }

    @Test("versions and deletions expire with their history, and latest versions stay")
    func expires() throws {
        let disk = MemoryStateDirectory()
        let task = TaskID(subtopology: 0, partition: 0)
        try disk.lock(task)
        let opened = try disk.openStore(plan(), of: task)
        let store = try VersionedModel.open(over: opened, maxSizeInBytes: .max)
        let view = VersionedKeyValueStore(store, key: .string, value: .string)
        for step in 0..<1_000 as Range<Int64> {
            try view.put("changing", "\(step)", timestampMs: step * 10_000)
            try view.put("deleted \(step)", "x", timestampMs: step * 10_000)
            try view.put("deleted \(step)", nil, timestampMs: step * 10_000 + 1)
            try store.checkpoint(position: step, durably: false)
        }
        try view.put("stays", "x", timestampMs: 9_900_000)
        try store.checkpoint(position: 1_000, durably: true)
        var count = 0
        try opened.scan(from: nil, to: nil) { _, _ in
            count += 1
            return true
        }
        // The versions of a history of 150 s and of the segment in which it ends.
        #expect(count < 60)
        #expect(try view.get("changing", asOfMs: 9_985_000)?.value == "998")
    }
}
