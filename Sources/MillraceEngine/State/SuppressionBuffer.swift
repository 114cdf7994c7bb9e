import Millrace

/// A buffer that holds changes of a table back, in memory and in a changelog. Kafka: `InMemoryTimeOrderedKeyValueChangeBuffer`.
///
/// The changes are in an ordered map by time and key; a hash table has each key's time. The buffer records which keys were added or
/// removed since the last commit. With the commit each of them goes to the changelog: with its state at that time, or as a
/// tombstone.
final class SuppressionBuffer: TimeOrderedBuffer, FlushableStore, StoreContents {
    private let changelog: ChangeWriter
    private let name: String
    /// The changes by time, 8 bytes, and key.
    private var changes = OrderedByteMap()
    /// The times, 8 bytes, by key.
    private var times = ByteTable()
    private var changedKeys: Set<[UInt8]> = []
    /// The changed keys in the order in which they were added.
    private var changedInOrder: [[UInt8]] = []
    /// The most keys that changed between two commits: Java's sets never shrink, and their order depends on their size.
    private var mostChangedKeys = 0
    private(set) var sizeInBytes = 0

    private static let version = Headers([Header(name: "v", value: [3])])

    init(changes: ChangeWriter, name: String) {
        changelog = changes
        self.name = name
    }

    // MARK: The buffer

    var count: Int { changes.count }

    var lowestTimeMs: Int64? { changes.isValid(changes.first) ? Self.time(changes.key(at: changes.first)) : nil }

    func put(key: [UInt8], timeMs: Int64, _ change: BufferedChange) {
        var change = change
        if let present = try? self.change(forKey: key) { change.priorValue = present.priorValue }
        set(key, timeMs: timeMs, change)
        recordChange(of: key)
    }

    private func recordChange(of key: [UInt8]) {
        if changedKeys.insert(key).inserted { changedInOrder.append(key) }
    }

    private func forgetChanges() {
        changedKeys.removeAll()
        changedInOrder.removeAll()
    }

    private func set(_ key: [UInt8], timeMs: Int64, _ change: BufferedChange) {
        let timeMs = time(ofKey: key) ?? timeMs
        if let present = try? self.change(forKey: key) { sizeInBytes -= present.sizeInBytes(withKeyOf: key.count) }
        var bytes: [UInt8] = []
        change.append(to: &bytes)
        bytes.withUnsafeBytes { bytes in
            Self.position(timeMs, key).withUnsafeBytes { _ = changes.set($0, to: bytes) }
        }
        key.withUnsafeBytes { key in
            withUnsafeBytes(of: timeMs.bigEndian) { _ = times.set(key, to: $0) }
        }
        sizeInBytes += change.sizeInBytes(withKeyOf: key.count)
    }

    func first() throws -> (key: [UInt8], change: BufferedChange)? {
        let first = changes.first
        guard changes.isValid(first), let value = changes.value(at: first) else { return nil }
        return (Array(changes.key(at: first).dropFirst(8)), try BufferedChange(value))
    }

    func removeFirst() throws {
        guard let (key, change) = try first() else { return }
        remove(key, change)
        recordChange(of: key)
    }

    private func remove(_ key: [UInt8], _ change: BufferedChange) {
        guard let timeMs = time(ofKey: key) else { return }
        Self.position(timeMs, key).withUnsafeBytes { position in
            if let index = changes.find(position) { changes.remove(at: index) }
        }
        key.withUnsafeBytes { key in
            if let index = times.find(key) { times.remove(at: index) }
        }
        sizeInBytes -= change.sizeInBytes(withKeyOf: key.count)
    }

    func change(forKey key: [UInt8]) throws -> BufferedChange? {
        guard let timeMs = time(ofKey: key) else { return nil }
        return try Self.position(timeMs, key).withUnsafeBytes { position in
            try changes.find(position).flatMap { changes.value(at: $0) }.map { try BufferedChange($0) }
        }
    }

    private func time(ofKey key: [UInt8]) -> Int64? {
        key.withUnsafeBytes { key in times.find(key).flatMap { times.value(at: $0) }.map(Self.time) }
    }

    private static func time(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    }

    private static func position(_ timeMs: Int64, _ key: [UInt8]) -> [UInt8] {
        var position: [UInt8] = []
        position.append(bigEndian: timeMs)
        return position + key
    }

    // MARK: The changelog

    var cacheSizeInBytes: Int { 0 }
    func removeListener() {}

    func flush() throws {
        guard changelog.isLogged, !changedKeys.isEmpty else { return forgetChanges() }
        mostChangedKeys = max(mostChangedKeys, changedKeys.count)
        let keys = JavaHashOrder.sorted(
            changedInOrder, initialCapacity: max(16, mostChangedKeys * 4 / 3))
        forgetChanges()
        for key in keys {
            guard let change = try change(forKey: key), let timeMs = time(ofKey: key) else {
                try key.withUnsafeBytes {
                    try changelog.log(key: $0, value: nil, timestampMs: -1, headers: Headers())
                }
                continue
            }
            var value: [UInt8] = []
            change.append(to: &value)
            value.append(bigEndian: timeMs)
            try key.withUnsafeBytes { key in
                try value.withUnsafeBytes {
                    try changelog.log(key: key, value: $0, timestampMs: -1, headers: Self.version)
                }
            }
        }
    }

    func restore(_ records: ArraySlice<FetchedRecord>, position: Int64, publish: () -> Void) throws {
        for record in records {
            guard let key = record.key.map({ Array($0) }) else { continue }
            // A key that was removed and added again between two commits has no tombstone in between, but a new time.
            if let change = try change(forKey: key) { remove(key, change) }
            guard let value = record.value else { continue }
            guard record.headers.last(named: "v")?.value == [3], value.count >= 8 else {
                throw StreamsError(
                    .stateStore,
                    "the changelog of \(name) was written by a release of Kafka Streams before 2.6; let one of a later "
                        + "release read and write it first")
            }
            let split = value.count - 8
            set(
                key, timeMs: Self.time(UnsafeRawBufferPointer(rebasing: value[split...])),
                try BufferedChange(UnsafeRawBufferPointer(rebasing: value[..<split])))
        }
        publish()
    }

    var dirtySizeInBytes: Int { 0 }
    func position() throws -> Int64? { nil }
    func committed() {}
    var progress: OrderedProgress? { nil }
    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {}
    func checkpoint(position: Int64?, durably: Bool) throws {}
    func close() {}

    func removeAll() throws {
        changes.removeAll()
        times.removeAll()
        forgetChanges()
        sizeInBytes = 0
    }
}
