import Millrace
import Synchronization
import Testing

@testable import MillraceEngine

/// An engine in memory that other threads may read. Its snapshots are copies.
private final class SharedEngine: ConcurrentEntries {
    private let contents = Mutex<[[UInt8]: [UInt8]]>([:])
    /// Whether a read would have to wait for a disk.
    let isSlow = Mutex(false)
    /// Runs at the end of a read that must not wait.
    let afterRead = Mutex<(@Sendable () -> Void)?>(nil)

    func apply(_ entries: [String: String?]) {
        contents.withLock { contents in
            for (key, value) in entries { contents[Array(key.utf8)] = value.map { Array($0.utf8) } }
        }
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        guard let value = contents.withLock({ $0[Array(key)] }) else { return try body(nil) }
        try value.withUnsafeBytes { try body($0) }
    }

    func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool {
        if isSlow.withLock({ $0 }) { return false }
        try withValue(forKey: key, body)
        afterRead.withLock { $0 }?()
        return true
    }

    func snapshot() throws -> any StoredEntries {
        let store = InMemoryKeyValueStore()
        for (key, value) in contents.withLock({ $0 }) {
            key.withUnsafeBytes { key in value.withUnsafeBytes { store.put(key: key, value: $0, timestampMs: 0) } }
        }
        return Copy(store)
    }

    private final class Copy: StoredEntries {
        private let store: InMemoryKeyValueStore
        init(_ store: InMemoryKeyValueStore) { self.store = store }

        func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
            try store.withValue(forKey: key, body)
        }

        func scan(
            from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
            _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
        ) throws { try store.scan(from: lower, to: upper, reversed: reversed, body) }
    }
}

private final class Flag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}

@Suite("What queries see of a store")
struct CommittedViewTests {
    private static let plan = StorePlan(
        name: "store", kind: .keyValue, supplier: .rocksDB, isCached: false, changelogConfiguration: [:])

    private let disk = SharedEngine()

    private func view(onDisk: Bool = true, maxSizeInBytes: Int = 0) -> CommittedView {
        CommittedView(plan: Self.plan, disk: onDisk ? disk : nil, maxSizeInBytes: maxSizeInBytes)
    }

    private func commit(
        _ entries: KeyValuePairs<String, String?>, to view: CommittedView, at position: Position = Position()
    ) {
        view.publish(nil, at: position) { apply in
            for (key, value) in entries {
                Array(key.utf8).withUnsafeBytes { key in
                    if let value {
                        Array(value.utf8).withUnsafeBytes { apply(key, $0) }
                    } else {
                        apply(key, nil)
                    }
                }
            }
        }
    }

    private func value(_ key: String, in view: any StoreReader) throws -> String? {
        var found: String?
        try Array(key.utf8).withUnsafeBytes {
            try view.withValue(forKey: $0) { found = $0.map { String(decoding: $0, as: UTF8.self) } }
        }
        return found
    }

    private func all(_ store: any KeyValueBytesStore, reversed: Bool = false, from lower: String? = nil) throws
        -> [String]
    {
        var found: [String] = []
        try store.scan(from: lower.map { Array($0.utf8) }, to: nil, reversed: reversed) { key, value in
            found.append("\(String(decoding: key, as: UTF8.self))=\(String(decoding: value, as: UTF8.self))")
            return true
        }
        return found
    }

    @Test("commits are read before the disk, also deletions", arguments: [false, true])
    func overDisk(reversed: Bool) throws {
        disk.apply(["a": "1", "b": "1", "d": "1"])
        let view = view()
        commit(["b": nil, "c": "2", "d": "2"], to: view)
        #expect(try value("a", in: view) == "1")
        #expect(try value("b", in: view) == nil)
        #expect(try value("d", in: view) == "2")
        #expect(try value("e", in: view) == nil)
        let expected = ["a=1", "c=2", "d=2"]
        #expect(try all(view.snapshot(), reversed: reversed) == (reversed ? expected.reversed() : expected))
        #expect(try all(view.snapshot(), from: "b") == ["c=2", "d=2"])
    }

    @Test(
        "a snapshot stays unchanged, however many commits follow, also of a store in memory",
        arguments: [false, true])
    func snapshots(onDisk: Bool) throws {
        let view = view(onDisk: onDisk)
        commit(["a": "1", "b": "1"], to: view)
        let first = try view.snapshot()
        commit(["a": "2", "b": nil, "c": "2"], to: view)
        let second = try view.snapshot()
        commit(["c": "3", "d": "3"], to: view)
        #expect(try all(first) == ["a=1", "b=1"])
        #expect(try all(second) == ["a=2", "c=2"])
        #expect(try all(view.snapshot()) == ["a=2", "c=3", "d=3"])
        #expect(try all(view.snapshot(), reversed: true) == ["d=3", "c=3", "a=2"])
    }

    @Test("entries on disk are removed from memory, and an earlier snapshot still has them")
    func writtenDown() throws {
        let view = view()
        commit(["a": "1", "b": "1"], to: view)
        let before = try view.snapshot()
        disk.apply(["a": "1", "b": "1"])
        view.recordFlush(nil)
        commit(["b": "2"], to: view)
        #expect(try all(before) == ["a=1", "b=1"])
        #expect(try all(view.snapshot()) == ["a=1", "b=2"])
        #expect(try value("a", in: view) == "1")
        // It is no longer in memory: only the disk has the value of a.
        disk.apply(["a": "9"])
        #expect(try value("a", in: view) == "9")
    }

    @Test("layers that no snapshot needs any more are merged")
    func joinedLayers() throws {
        let view = view(onDisk: false)
        for number in 0..<5 {
            let snapshot = try view.snapshot()
            commit(["a": "\(number)", "k\(number)": "x"], to: view)
            _ = try all(snapshot)
        }
        commit(["k0": nil, "a": nil], to: view)
        #expect(try all(view.snapshot()) == ["k1=x", "k2=x", "k3=x", "k4=x"])
        #expect(try value("a", in: view) == nil)
    }

    @Test("a closed view reports that, and an earlier snapshot can still be read")
    func closed() throws {
        let view = view()
        commit(["a": "1"], to: view)
        let snapshot = try view.snapshot()
        view.close()
        #expect(try all(snapshot) == ["a=1"])
        let error = #expect(throws: StreamsError.self) { try value("a", in: view) }
        #expect(error?.code == .storeUnavailable)
        #expect(throws: StreamsError.self) { _ = try view.snapshot() }
    }

    @Test("a pinned snapshot is of exactly the commit of its position, while others are made and flushed")
    func pinnedPositions() async throws {
        let view = view(onDisk: true, maxSizeInBytes: 0)
        let (disk, isDone) = (disk, Flag())
        let input = TopicPartition(topic: "in", partition: 0)
        commit(["a": "0", "z": "0"], to: view)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var last: Int64 = 0
                    while !isDone.isSet {
                        await Task.yield()
                        let (reader, position) = try view.pin()
                        let offset = position[input]
                        #expect(try value("a", in: reader) == "\(offset)")
                        #expect(try all(reader.snapshot()) == ["a=\(offset)", "z=\(offset)"])
                        #expect(offset >= last)
                        last = offset
                    }
                }
            }
            group.addTask {
                for number in 1...2_000 {
                    commit(
                        ["a": "\(number)", "z": "\(number)"], to: view, at: Position([input: Int64(number)]))
                    if number % 3 == 0 {
                        disk.apply(["a": "\(number)", "z": "\(number)"])
                        view.recordFlush(nil)
                    }
                    if number % 50 == 0 { await Task.yield() }
                }
                isDone.set()
            }
            try await group.waitForAll()
        }
        #expect(try view.position()[input] == 2_000)
    }

    private func valueInMemory(_ key: String, in view: CommittedView) throws -> Committed<String?>? {
        try Array(key.utf8).withUnsafeBytes { try view.valueInMemory(forKey: $0) }
            .map { Committed(value: $0.value.map { String(decoding: $0, as: UTF8.self) }, position: $0.position) }
    }

    @Test("a value is read from memory, with its commit, unless the disk is needed or a commit came in between")
    func valuesInMemory() throws {
        let view = view()
        let (first, second) = (Position([TopicPartition(topic: "in", partition: 0): 1]), Position())
        disk.apply(["a": "1"])
        commit(["b": "1", "c": nil], to: view, at: first)
        for isSlow in [false, true] {
            disk.isSlow.withLock { $0 = isSlow }
            #expect(try valueInMemory("b", in: view) == Committed(value: "1", position: first))
            #expect(try valueInMemory("c", in: view) == Committed(value: nil, position: first))
            #expect(try valueInMemory("a", in: view) == (isSlow ? nil : Committed(value: "1", position: first)))
        }
        disk.isSlow.withLock { $0 = false }
        disk.afterRead.withLock { $0 = { commit([:], to: view, at: second) } }
        #expect(try valueInMemory("a", in: view) == nil)
        disk.afterRead.withLock { $0 = { view.recordFlush(nil) } }
        #expect(try valueInMemory("a", in: view) == Committed(value: "1", position: second))
        disk.afterRead.withLock { $0 = { view.close() } }
        #expect(try valueInMemory("a", in: view) == nil)
        #expect(throws: StreamsError.self) { _ = try valueInMemory("a", in: view) }
    }

    @Test("a value read from memory is of exactly the commit of its position, while others are made and flushed")
    func commitsOfValuesInMemory() async throws {
        let view = view(onDisk: true, maxSizeInBytes: 0)
        let (disk, isDone) = (disk, Flag())
        let input = TopicPartition(topic: "in", partition: 0)
        commit(["a": "0"], to: view)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while !isDone.isSet {
                        await Task.yield()
                        guard let found = try valueInMemory("a", in: view) else { continue }
                        #expect(found.value == "\(found.position[input])")
                    }
                }
            }
            group.addTask {
                for number in 1...5_000 {
                    commit(["a": "\(number)"], to: view, at: Position([input: Int64(number)]))
                    if number % 2 == 0 {
                        disk.apply(["a": "\(number)"])
                        view.recordFlush(nil)
                    }
                    if number % 50 == 0 { await Task.yield() }
                }
                isDone.set()
            }
            try await group.waitForAll()
        }
        #expect(try valueInMemory("a", in: view)?.value == "5000")
    }

    @Test("walks see whole commits while others are made")
    func atomicWalks() async throws {
        let view = view(onDisk: true, maxSizeInBytes: 1 << 20)
        let disk = disk
        let isDone = Flag()
        commit(["a": "0", "z": "0"], to: view)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while !isDone.isSet {
                        await Task.yield()
                        let found = try all(view.snapshot())
                        #expect(found.count == 2)
                        #expect(found.first?.dropFirst(2) == found.last?.dropFirst(2))
                    }
                }
            }
            group.addTask {
                for number in 1...2_000 {
                    commit(["a": "\(number)", "z": "\(number)"], to: view)
                    if number % 7 == 0 {
                        disk.apply(["a": "\(number)", "z": "\(number)"])
                        view.recordFlush(nil)
                    }
                    if number % 50 == 0 { await Task.yield() }
                }
                isDone.set()
            }
            try await group.waitForAll()
        }
    }
}
