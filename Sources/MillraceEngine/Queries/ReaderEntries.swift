import Millrace

/// An engine's reader for other threads, under the keys of a store.
final class ReaderEntries: ConcurrentEntries {
    private let reader: any StorageReader

    init(_ reader: any StorageReader) { self.reader = reader }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try StoreKeyLayout.withStoredKey(of: key) { try reader.withValue(forKey: $0, body) }
    }

    func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool {
        try StoreKeyLayout.withStoredKey(of: key) { try reader.withValueInMemory(forKey: $0, body) }
    }

    func snapshot() throws -> any StoredEntries { SnapshotEntries(try reader.snapshot()) }

    var approximateSize: StoreSize? {
        StoreSize(entryCount: reader.approximateEntryCount, sizeInBytes: reader.approximateSizeInBytes)
    }
}

/// An engine's entries as of one moment, under the keys of a store.
private final class SnapshotEntries: StoredEntries {
    private let snapshot: any StorageSnapshot

    init(_ snapshot: any StorageSnapshot) { self.snapshot = snapshot }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try StoreKeyLayout.withStoredKey(of: key) { try snapshot.withValue(forKey: $0, body) }
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        if let upper, !(lower ?? []).lexicographicallyPrecedes(upper) { return }
        try snapshot.scan(
            from: lower.map(StoreKeyLayout.storedKey), to: upper.map(StoreKeyLayout.storedKey), reversed: reversed
        ) { stored, value in
            try StoreKeyLayout.withUserKey(of: stored) { try body($0, value) } ?? true
        }
    }
}
