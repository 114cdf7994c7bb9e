package import Millrace

/// One store of a task: what the operators see of it, what lies below, and how far it has got in its changelog.
package final class TaskStore {
    package let plan: StorePlan
    /// The partition of the changelog; `nil` for a store without one.
    package let changelog: TopicPartition?
    /// What operators read and write.
    let bytes: any KeyValueBytesStore
    /// The cache in which changes wait for the next commit, where the store has one.
    let cache: CachingKeyValueStore?

    private enum Backing {
        case memory(InMemoryKeyValueStore)
        case disk(any PersistentStore, TransactionBuffer)
    }

    private let backing: Backing
    /// The changelog offset up to and without which everything is in the store; `nil` where nothing is.
    package private(set) var position: Int64?

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - output: the changelog as something to write to; `nil` where the store is not logged or its source topic serves.
    ///   - isCached: whether changes wait for the next commit.
    ///   - persistent: the store on disk; `nil` to keep everything in memory.
    init(
        plan: StorePlan, changelog: TopicPartition?, output: (any RecordOutput)?, persistent: (any PersistentStore)?,
        partition: Int32, isCached: Bool, maxBufferSizeInBytes: Int
    ) throws {
        self.plan = plan
        self.changelog = changelog
        let inner: any KeyValueBytesStore
        if let persistent {
            let buffer = TransactionBuffer(over: persistent, maxSizeInBytes: maxBufferSizeInBytes)
            backing = .disk(persistent, buffer)
            inner = buffer
            position = try persistent.position()
        } else {
            let memory = InMemoryKeyValueStore()
            backing = .memory(memory)
            inner = memory
        }
        let logged = output.map { ChangeLoggingStore(inner, changelog: $0, partition: partition) } ?? inner
        cache = isCached ? CachingKeyValueStore(over: logged) : nil
        bytes = cache ?? logged
    }

    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int {
        if case .disk(_, let buffer) = backing { buffer.dirtySizeInBytes } else { 0 }
    }

    /// Applies records of the changelog, in their order.
    func restore(_ records: [FetchedRecord]) throws {
        guard let last = records.last else { return }
        switch backing {
        case .memory(let store):
            var value: [UInt8] = []
            for record in records {
                guard let key = record.key else { continue }
                value.removeAll(keepingCapacity: true)
                if let plain = record.value {
                    TimestampedLayout.store(plain, timestampMs: record.timestampMs, into: &value)
                }
                value.withUnsafeBytes { bytes in
                    store.put(key: key, value: record.value == nil ? nil : bytes, timestampMs: record.timestampMs)
                }
            }
        case .disk(let store, _):
            try restore(records, to: store, position: last.offset + 1)
        }
        position = last.offset + 1
    }

    private func restore(_ records: [FetchedRecord], to store: any PersistentStore, position: Int64) throws {
        var values: [UInt8] = []
        var spans: [Range<Int>?] = []
        values.reserveCapacity(records.reduce(0) { $0 + ($1.value?.count ?? 0) + 8 })
        for record in records {
            let start = values.count
            if let plain = record.value {
                TimestampedLayout.store(plain, timestampMs: record.timestampMs, into: &values)
            }
            spans.append(record.value == nil ? nil : start..<values.count)
        }
        try values.withUnsafeBytes { bytes in
            var writes: [StoreWrite] = []
            writes.reserveCapacity(records.count)
            for (record, span) in zip(records, spans) {
                guard let key = record.key else { continue }
                writes.append(StoreWrite(key: key, value: span.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }))
            }
            try store.apply(writes, position: position)
        }
    }

    /// Notes how far the changelog has been committed. Everything in the store is now part of it.
    func committed(position newPosition: Int64?) {
        if let newPosition { position = max(position ?? 0, newPosition) }
    }

    /// Writes what is committed down to disk and, if asked, makes it survive the end of the process.
    func checkpoint(durably: Bool) throws {
        guard case .disk(let store, let buffer) = backing else { return }
        try buffer.writeDown(position: position)
        if durably { try store.flush() }
    }

    /// Deletes everything, so that it is restored from the changelog's beginning.
    func wipe() throws {
        switch backing {
        case .memory(let store): store.removeAll()
        case .disk(let store, _): try store.removeAll()
        }
        position = nil
    }

    func close() {
        if case .disk(let store, _) = backing { store.close() }
    }
}
