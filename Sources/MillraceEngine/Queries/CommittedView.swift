package import Millrace
import Synchronization

/// One partition of a store as of its last commit, for readers on any thread.
///
/// It consists of the entries on disk and, above them, of the changes that have been committed since, which the task hands over at
/// each commit. The record path takes no lock; a commit takes one while it adds its changes. Once a checkpoint has written
/// everything to disk, the changes in memory may be dropped; they stay as a cache while they are small. A store in memory lies
/// entirely above the disk.
///
/// A point read takes the lock for one look-up. One that needs the commit's position takes the lock again after it has read the disk:
/// if a commit came in between, the value may be of that one. A scan works on a snapshot, which keeps the layers that it found: as long as it
/// lives a commit adds its changes to a new layer above them. Later commits join the layers again.
package final class CommittedView: StoreReader {
    private let plan: StorePlan
    private let maxSizeInBytes: Int
    private let signal: CommitSignal?
    /// Whether an entry is stored under the user's key.
    private let isHashed: Bool
    private let contents: Mutex<Contents>

    fileprivate struct Contents {
        /// The layers, the newest last; never empty.
        var layers = [ChangeLayer()]
        var disk: (any ConcurrentEntries)?
        var progress: OrderedProgress?
        var position = Position()
        /// The views of the store's indexes as of the same commit.
        var indexes: StoreIndexes.Views = [:]
        /// The number of times that a commit was added or the view was closed.
        var changeCount = 0
        /// The number of times that layers were dropped because their changes are on disk.
        var generation = 0
        var isClosed = false
    }

    /// - Parameters:
    ///   - disk: the store on disk; `nil` if the view is to hold everything.
    ///   - maxSizeInBytes: the bound of the changes in memory that are on disk as well.
    ///   - signal: told of each commit.
    init(plan: StorePlan, disk: (any ConcurrentEntries)?, maxSizeInBytes: Int, signal: CommitSignal? = nil) {
        self.signal = signal
        isHashed = plan.kind.access == .hashed
        self.plan = plan
        self.maxSizeInBytes = maxSizeInBytes
        contents = Mutex(Contents(disk: disk))
    }

    // MARK: The task's side

    /// Adds the changes of a commit.
    ///
    /// - Parameters:
    ///   - position: the position of the commit.
    ///   - indexes: the views of the store's indexes.
    ///   - forEach: calls its argument for every change.
    func publish(
        _ progress: OrderedProgress?, at position: Position = Position(), indexes: StoreIndexes.Views = [:],
        forEach: (_ apply: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Void) throws -> Void
    ) rethrows {
        defer { signal?.signal() }
        try contents.withLock { contents in
            contents.progress = progress
            contents.position = position
            contents.indexes = indexes
            contents.changeCount += 1
            contents.joinLayers()
            if !isKnownUniquelyReferenced(&contents.layers[contents.layers.count - 1]) {
                contents.layers.append(ChangeLayer())
            }
            let top = contents.layers[contents.layers.count - 1]
            let keepsDeletions = contents.disk != nil || contents.layers.count > 1
            try forEach { key, value in top.set(key, to: value, keepsDeletions: keepsDeletions) }
            if contents.disk == nil, contents.layers.count == 1, let progress {
                top.drop(below: progress.oldestSegment)
            }
        }
    }

    /// Records the position of the added changes, if it was not known.
    package func recordCommit(_ position: Position) {
        contents.withLock { contents in
            contents.position = position
            contents.changeCount += 1
        }
        signal?.signal()
    }

    /// Takes other views of the store's indexes, as of the same commit.
    func replaceIndexes(_ indexes: StoreIndexes.Views) {
        contents.withLock { $0.indexes = indexes }
    }

    /// Records that the disk has everything that was added.
    func recordFlush(_ progress: OrderedProgress?) {
        contents.withLock { contents in
            contents.progress = progress
            guard contents.disk != nil else { return }
            guard contents.layers.count > 1 || contents.layers[0].map.sizeInBytes > maxSizeInBytes else { return }
            contents.layers = [ChangeLayer()]
            contents.generation += 1
        }
    }

    /// Makes every later read throw. The store's own `close` waits for running reads of the disk.
    func close() {
        contents.withLock { contents in
            contents.isClosed = true
            contents.changeCount += 1
            contents.layers = [ChangeLayer()]
            contents.disk = nil
        }
        signal?.signal()
    }

    // MARK: The readers' side

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        guard isHashed else { return try snapshot().withValue(forKey: key, body) }
        let found = try contents.withLock { try lookUp(key, in: $0) }
        switch found.change {
        case .value(let value): try value.withUnsafeBytes { try body($0) }
        case .deletion: try body(nil)
        case nil: if let disk = found.disk { try disk.withValue(forKey: key, body) } else { try body(nil) }
        }
    }

    package func valueInMemory(forKey key: UnsafeRawBufferPointer) throws -> Committed<[UInt8]?>? {
        guard isHashed, let found = try contents.withLockIfAvailable({ try lookUp(key, in: $0) }) else { return nil }
        var value: [UInt8]?
        switch found.change {
        case .value(let changed): value = changed
        case .deletion: break
        case nil:
            if let disk = found.disk {
                guard try disk.withValueInMemory(forKey: key, { value = $0.map(Array.init) }),
                    contents.withLockIfAvailable({ $0.changeCount == found.changeCount }) == true
                else { return nil }
            }
        }
        return Committed(value: value, position: found.position)
    }

    /// Looks a key up above the disk.
    private func lookUp(_ key: UnsafeRawBufferPointer, in contents: Contents) throws -> LookUp {
        if contents.isClosed { throw closed() }
        var change: Change?
        for layer in contents.layers.reversed() where change == nil { change = layer.change(of: key) }
        return LookUp(
            change: change, disk: contents.disk, position: contents.position, changeCount: contents.changeCount)
    }

    package func snapshot() throws -> any KeyValueBytesStore {
        let commit = try commit()
        return store(of: commit)
    }

    package func pin() throws -> (reader: any StoreReader, position: Position) {
        let commit = try commit()
        return (PinnedReader(store(of: commit), commit.indexes, at: commit.position), commit.position)
    }

    package func position() throws -> Position {
        try contents.withLock { contents in
            if contents.isClosed { throw closed() }
            return contents.position
        }
    }

    package func customView() throws -> any Sendable {
        throw StreamsError(.storeMismatch, "the store \(plan.name) is no custom one")
    }

    package func indexView(named name: String) throws -> any Sendable {
        try contents.withLock { contents in
            if contents.isClosed { throw closed() }
            return contents.indexes
        }.view(named: name)
    }

    package var approximateSize: StoreSize? {
        let (disk, count, size) = contents.withLock { contents in
            (
                contents.disk, contents.layers.reduce(0) { $0 + $1.map.count },
                contents.layers.reduce(0) { $0 + $1.map.sizeInBytes }
            )
        }
        guard let disk else { return StoreSize(entryCount: count, sizeInBytes: size) }
        let below = disk.approximateSize
        return StoreSize(
            entryCount: below?.entryCount.map { $0 + count }, sizeInBytes: below?.sizeInBytes.map { $0 + size })
    }

    /// Everything as of one commit.
    private struct Commit {
        var entries: CommittedEntries
        var progress: OrderedProgress?
        var position: Position
        var indexes: StoreIndexes.Views
    }

    private func store(of commit: Commit) -> any KeyValueBytesStore {
        switch plan.kind.access {
        case .hashed, .buffered, .custom: return commit.entries
        case .ordered(let keys):
            return OrderedStore(
                reading: commit.entries, keys: keys, values: plan.kind.values, progress: commit.progress)
        case .versioned(let keys):
            return VersionedStore(
                entries: OrderedStore(
                    reading: commit.entries, keys: keys, values: plan.kind.values, progress: commit.progress),
                onExpired: {})
        }
    }

    private func commit() throws -> Commit {
        while true {
            let (disk, generation) = try contents.withLock { contents in
                if contents.isClosed { throw closed() }
                return (contents.disk, contents.generation)
            }
            let onDisk = try disk?.snapshot()
            // The snapshot of the disk may lack changes that the layers have dropped meanwhile.
            let found = contents.withLock { contents in
                contents.generation == generation
                    ? (contents.layers, contents.progress, contents.position, contents.indexes) : nil
            }
            if let (layers, progress, position, indexes) = found {
                return Commit(
                    entries: CommittedEntries(layers, over: onDisk), progress: progress, position: position,
                    indexes: indexes)
            }
        }
    }

    private func closed() -> StreamsError {
        StreamsError(.storeUnavailable, "the store \(plan.name) was closed, for its task is moving or restarting")
    }
}

extension CommittedView {
    fileprivate enum Change {
        case value([UInt8])
        case deletion
    }

    /// The result of looking a key up above the disk, at one commit.
    fileprivate struct LookUp {
        /// The key's last change; `nil` if only the disk may have the key.
        var change: Change?
        var disk: (any ConcurrentEntries)?
        var position: Position
        var changeCount: Int
    }
}

extension CommittedView.Contents {
    /// Merges upper layers into lower ones that no snapshot refers to any more.
    fileprivate mutating func joinLayers() {
        while layers.count > 1, isKnownUniquelyReferenced(&layers[layers.count - 2]) {
            let upper = layers.removeLast()
            let keepsDeletions = disk != nil || layers.count > 1
            let lower = layers[layers.count - 1]
            upper.visit { key, value in lower.set(key, to: value, keepsDeletions: keepsDeletions) }
        }
    }
}

/// Changes in the order of their keys on disk.
// Sendable, because it changes only under the view's lock and while no snapshot refers to it.
final class ChangeLayer: @unchecked Sendable {
    fileprivate(set) var map = OrderedByteMap()

    fileprivate func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?, keepsDeletions: Bool) {
        if value != nil || keepsDeletions {
            map.set(key, to: value)
        } else if let position = map.find(key) {
            map.remove(at: position)
        }
    }

    fileprivate func drop(below segment: Int64) {
        OrderedKeys.lowerBound(ofSegment: segment).withUnsafeBytes { bound in
            if map.isValid(map.first), order(map.key(at: map.first), bound) < 0 {
                map.removeAll(from: UnsafeRawBufferPointer(start: nil, count: 0), to: bound)
            }
        }
    }

    fileprivate func change(of key: UnsafeRawBufferPointer) -> CommittedView.Change? {
        map.find(key).map { position in map.value(at: position).map { .value(Array($0)) } ?? .deletion }
    }

    fileprivate func visit(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) {
        var position = map.first
        while map.isValid(position) {
            body(map.key(at: position), map.value(at: position))
            position = map.next(position)
        }
    }
}
