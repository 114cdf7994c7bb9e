import Millrace

/// A store that several threads use, or an access to it for those that only read.
class LockedStore: KeyValueBytesStore {
    private let store: any KeyValueBytesStore
    fileprivate let access: Access

    /// The access to a global store.
    struct Access {
        let lock: any StoreLock
        let isReadOnly: Bool
        let name: String

        func write(_ body: () throws -> Void) throws {
            if isReadOnly {
                throw StreamsError(.illegalState, "\(name) is a global store: only its own processor writes")
            }
            try lock.withLock(body)
        }
    }

    fileprivate init(_ store: any KeyValueBytesStore, _ access: Access) {
        self.store = store
        self.access = access
    }

    /// Returns a store behind a lock. A custom store has to synchronize itself; a buffer is never global.
    static func of(_ store: OperatorStore, _ access: Access) -> OperatorStore {
        switch store {
        case .keyValue(let store, _, let indexes): .keyValue(LockedStore(store, access), indexes: indexes)
        case .ordered(let store): .ordered(LockedOrderedStore(store, access))
        case .versioned(let store): .versioned(LockedVersionedStore(store, access))
        case .buffer, .custom: store
        }
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try access.lock.withLock { try store.withValue(forKey: key, body) }
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try access.write { try store.put(key: key, value: value, timestampMs: timestampMs) }
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try access.lock.withLock { try store.scan(from: lower, to: upper, reversed: reversed, body) }
    }
}

/// A versioned store that several threads use.
private final class LockedVersionedStore: LockedStore, VersionedBytesStore {
    private let versions: any VersionedBytesStore

    init(_ store: any VersionedBytesStore, _ access: Access) {
        versions = store
        super.init(store, access)
    }

    func putVersion(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64
    ) throws -> PutVersion {
        var outcome = PutVersion.expired
        try access.write {
            outcome = try versions.putVersion(key: key, value: value, timestampMs: timestampMs)
        }
        return outcome
    }

    var streamTimeMs: Int64 { access.lock.reading { versions.streamTimeMs } }
    var oldestMs: Int64 { access.lock.reading { versions.oldestMs } }

    func withValue(
        forKey key: UnsafeRawBufferPointer, asOfMs: Int64, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try access.lock.withLock { try versions.withValue(forKey: key, asOfMs: asOfMs, body) }
    }

    func scanVersions(
        ofKey key: UnsafeRawBufferPointer, validWithin timesMs: ClosedRange<Int64>,
        _ body: (_ value: UnsafeRawBufferPointer, _ validToMs: Int64) throws -> Void
    ) throws {
        try access.lock.withLock { try versions.scanVersions(ofKey: key, validWithin: timesMs, body) }
    }
}

/// A store of windows or sessions that several threads use. It has no cache.
private final class LockedOrderedStore: LockedStore, OrderedBytesStore {
    private let entries: any OrderedBytesStore

    init(_ store: any OrderedBytesStore, _ access: Access) {
        entries = store
        super.init(store, access)
    }

    func scan(
        times: ClosedRange<Int64>, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try access.lock.withLock {
            try entries.scan(times: times, from: lower, through: upper, reversed: reversed, body)
        }
    }

    func scanByTime(
        _ times: ClosedRange<Int64>, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try access.lock.withLock { try entries.scanByTime(times, reversed: reversed, body) }
    }

    var heldFromMs: Int64 {
        get { access.lock.reading { entries.heldFromMs } }
        set { access.lock.reading { entries.heldFromMs = newValue } }
    }

    var streamTimeMs: Int64 { access.lock.reading { entries.streamTimeMs } }
    var oldestKeptMs: Int64 { access.lock.reading { entries.oldestKeptMs } }
    var retentionMs: Int64 { entries.retentionMs }

    func logDeletion(key: UnsafeRawBufferPointer, timestampMs: Int64) throws {
        try access.write { try entries.logDeletion(key: key, timestampMs: timestampMs) }
    }

    func nextSequenceNumber() -> Int32 { access.lock.reading { entries.nextSequenceNumber() } }

    // MARK: Without a cache

    var isCaching: Bool { false }
    var cacheSizeInBytes: Int { 0 }
    func onFlush(sendsOldValues: Bool, _ listener: @escaping CachingKeyValueStore.FlushListener) {}
    func removeListener() {}
    func flush() throws {}

    func put(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64,
        origin: CachingKeyValueStore.Origin
    ) throws {
        try put(key: key, value: value, timestampMs: timestampMs)
    }
}

extension StoreLock {
    fileprivate func reading<Result>(_ body: () -> Result) -> Result {
        var result: Result?
        // The closure cannot throw, so neither can this call.
        try? withLock { result = body() }
        return result ?? body()
    }
}
