import Millrace

/// One partition of a store as of one commit.
// Sendable, because it is made and used within one read, on one thread.
final class PinnedReader: StoreReader, @unchecked Sendable {
    private let entries: any KeyValueBytesStore
    private let indexes: StoreIndexes.Views
    private let commit: Position

    init(_ entries: any KeyValueBytesStore, _ indexes: StoreIndexes.Views, at commit: Position) {
        self.entries = entries
        self.indexes = indexes
        self.commit = commit
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try entries.withValue(forKey: key, body)
    }

    func snapshot() throws -> any KeyValueBytesStore { entries }
    func pin() throws -> (reader: any StoreReader, position: Position) { (self, commit) }
    func position() throws -> Position { commit }
    var approximateSize: StoreSize? { nil }

    func customView() throws -> any Sendable {
        throw StreamsError(.storeMismatch, "the store is no custom one")
    }

    func indexView(named name: String) throws -> any Sendable { try indexes.view(named: name) }
}

/// The partitions that a query reads, each as of the commit at which it is first read.
// Sendable, because it is made and used within one read, on one thread.
final class PinnedView: PinnedStore, @unchecked Sendable {
    private let store: StoreView
    /// The readers that were asked for, each with its pinned reader and the commit of that.
    private var pins: [ObjectIdentifier: Pin] = [:]
    private(set) var position = Position()

    private struct Pin {
        let reader: any StoreReader
        let pinned: any StoreReader
        let commit: Position
    }

    init(_ store: StoreView) { self.store = store }

    var plan: StorePlan { store.plan }

    func search(_ key: UnsafeRawBufferPointer, _ body: (any StoreReader) throws -> Bool) throws {
        var isFirst = true
        try store.search(key) { reader in
            let pin = try pin(reader)
            let isFound = try body(pin.pinned)
            // The answer is of the key's own partition, or of the one that has the key. Partitions that were looked through in vain
            // may be read elsewhere at another commit, for other keys of the same answer.
            if isFirst || isFound { position.merge(pin.commit) }
            isFirst = false
            return isFound
        }
    }

    func readers() throws -> [any StoreReader] {
        try store.readers().map { reader in
            let pin = try pin(reader)
            position.merge(pin.commit)
            return pin.pinned
        }
    }

    private func pin(_ reader: any StoreReader) throws -> Pin {
        if let known = pins[ObjectIdentifier(reader)] { return known }
        let (pinned, commit) = try reader.pin()
        let pin = Pin(reader: reader, pinned: pinned, commit: commit)
        pins[ObjectIdentifier(reader)] = pin
        return pin
    }

    func pinned() -> any PinnedStore { self }
    func check(_ position: Position) throws {
        if position.isEmpty { return }
        try store.check(position, of: pins.values.map { ($0.reader, $0.commit) })
    }

    var changeCount: UInt64 { store.changeCount }

    func waitForChange(since count: UInt64, until deadline: ContinuousClock.Instant) async throws -> Bool {
        try await store.waitForChange(since: count, until: deadline)
    }

    func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await store.perform(body)
    }
}
