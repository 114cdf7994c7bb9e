import Millrace

/// The entries of a store with a hash table: in memory, or in a transaction buffer over the store on disk.
final class HashedContents: StoreContents {
    private enum Backing {
        case memory(InMemoryKeyValueStore)
        case disk(PersistentStore, TransactionBuffer)
    }

    private let backing: Backing
    private let values: StoreKind.ValueLayout
    /// The writer that passes restored entries on to those who follow the store.
    private let changes: ChangeWriter
    /// The entries as the writer of the changelog reads and changes them.
    let bytes: any KeyValueBytesStore

    init(values: StoreKind.ValueLayout, persistent: PersistentStore?, maxBufferSizeInBytes: Int, changes: ChangeWriter)
    {
        self.values = values
        self.changes = changes
        if let persistent {
            let buffer = TransactionBuffer(over: persistent, maxSizeInBytes: maxBufferSizeInBytes)
            backing = .disk(persistent, buffer)
            bytes = buffer
        } else {
            let memory = InMemoryKeyValueStore()
            backing = .memory(memory)
            bytes = memory
        }
    }

    var dirtySizeInBytes: Int {
        if case .disk(_, let buffer) = backing { buffer.dirtySizeInBytes } else { 0 }
    }

    func position() throws -> Int64? {
        if case .disk(let store, _) = backing { try store.position() } else { nil }
    }

    func restore(_ records: ArraySlice<FetchedRecord>, position: Int64, publish: () -> Void) throws {
        switch backing {
        case .memory(let store):
            var value: [UInt8] = []
            for record in records {
                guard let key = record.key else { continue }
                value.removeAll(keepingCapacity: true)
                if let plain = record.value { values.store(plain, timestampMs: record.timestampMs, into: &value) }
                value.withUnsafeBytes { bytes in
                    let value = record.value == nil ? nil : bytes
                    store.put(key: key, value: value, timestampMs: record.timestampMs)
                    changes.recordChange(key: key, value: value)
                }
            }
            publish()
        case .disk(let store, let buffer):
            try restore(records, to: store, position: position, publish: publish)
            // Entries that were read before may be outdated.
            buffer.removeAll()
        }
    }

    private func restore(
        _ records: ArraySlice<FetchedRecord>, to store: PersistentStore, position: Int64, publish: () -> Void
    ) throws {
        var stored: [UInt8] = []
        var spans: [Range<Int>?] = []
        stored.reserveCapacity(records.reduce(0) { $0 + ($1.value?.count ?? 0) + 8 })
        for record in records {
            let start = stored.count
            if let plain = record.value { values.store(plain, timestampMs: record.timestampMs, into: &stored) }
            spans.append(record.value == nil ? nil : start..<stored.count)
        }
        try stored.withUnsafeBytes { bytes in
            var writes: [StoreWrite] = []
            writes.reserveCapacity(records.count)
            for (record, span) in zip(records, spans) {
                guard let key = record.key else { continue }
                let value = span.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
                writes.append(StoreWrite(key: key, value: value))
                changes.recordChange(key: key, value: value)
            }
            publish()
            try store.apply(writes, position: position)
        }
    }

    func committed() {}

    var progress: OrderedProgress? { nil }

    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) throws {
        guard case .memory(let store) = backing else { return }
        try store.scan(from: nil, to: nil, reversed: false) { key, value in
            body(key, value)
            return true
        }
    }

    func checkpoint(position: Int64?, durably: Bool) throws {
        guard case .disk(let store, let buffer) = backing else { return }
        try buffer.flush(position: position)
        if durably { try store.flush() }
    }

    func removeAll() throws {
        switch backing {
        case .memory(let store): store.removeAll()
        case .disk(let store, let buffer):
            buffer.removeAll()
            try store.removeAll()
        }
    }

    func close() {
        if case .disk(let store, _) = backing { store.close() }
    }
}
