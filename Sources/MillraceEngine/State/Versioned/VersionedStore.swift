package import Millrace

/// A versioned store, on top of an ordered one. Kafka: `RocksDBVersionedStore` (KIP-889).
///
/// Each version is one entry, under its key and the time at which it ceases to be valid, `OrderedKeys.Time.version`: so versions
/// expire with their segments of time, and the first entry of a key after a moment is the one that was valid then, if there was
/// one. The latest version of a key is stored under the key alone, in a segment that never expires: a scan of the latest versions
/// is one of keys in order.
///
/// A value follows the timestamp from which it is valid, 8 bytes. An older version ends with a byte that tells a value, 1, from a
/// deletion, 0. A deletion that is the latest version has no entry: the end of the previous version implies it. If there is no
/// previous version, an empty one that is valid only at the deletion itself stands for it.
package final class VersionedStore: VersionedBytesStore {
    let entries: OrderedStore
    private let historyMs: Int64
    private let onExpired: () -> Void
    private var entryKey: [UInt8] = []

    /// - Parameter entries: an ordered store without a cache. Its writer gets the changes that are put in here.
    package init(entries: OrderedStore, onExpired: @escaping () -> Void) {
        self.entries = entries
        historyMs = entries.retentionMs
        self.onExpired = onExpired
    }

    /// A version as it is stored.
    struct Version {
        var validFromMs: Int64
        var validToMs: Int64
        /// The value, preceded by its timestamp; `nil` for a deletion.
        var value: [UInt8]?
    }

    package var streamTimeMs: Int64 { entries.streamTimeMs }

    package var oldestMs: Int64 {
        if max(0, entries.streamTimeMs) < historyMs { return 0 }
        return (Moment(ms: entries.streamTimeMs) - TimeSpan(ms: historyMs)).ms
    }
}

// MARK: Reading

extension VersionedStore {
    package func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws
    {
        try withLatest(key, body)
    }

    package func withValue(
        forKey key: UnsafeRawBufferPointer, asOfMs: Int64, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        var isLatest = false
        try withLatest(key) { latest in
            guard let latest, Self.validFromMs(latest) <= asOfMs else { return }
            isLatest = true
            try body(latest)
        }
        if isLatest { return }
        guard asOfMs >= oldestMs, let version = try olderVersion(of: key, validAfterMs: asOfMs),
            version.validFromMs <= asOfMs, let value = version.value
        else { return try body(nil) }
        try value.withUnsafeBytes { try body($0) }
    }

    package func scanVersions(
        ofKey key: UnsafeRawBufferPointer, validWithin timesMs: ClosedRange<Int64>,
        _ body: (_ value: UnsafeRawBufferPointer, _ validToMs: Int64) throws -> Void
    ) throws {
        try scanOlder(key, validAfterMs: timesMs.lowerBound) { validToMs, stored in
            if stored.last == 1, Self.validFromMs(stored) <= timesMs.upperBound {
                try body(UnsafeRawBufferPointer(rebasing: stored.dropLast()), validToMs)
            }
            return true
        }
        try withLatest(key) { latest in
            if let latest, Self.validFromMs(latest) <= timesMs.upperBound { try body(latest, .max) }
        }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try (lower ?? []).withUnsafeBytes { lower in
            _ = try entries.visit(
                latestSegment, OrderedKeys.latestVersions, from: lower, to: upper, reversed: reversed
            ) { stored, value in
                try body(UnsafeRawBufferPointer(rebasing: stored.dropFirst(OrderedKeys.prefixCount)), value)
            }
        }
    }

    /// The segment of the latest versions, above all others.
    private var latestSegment: Int64 { entries.keys.segment(at: .max) }

    private func withLatest(_ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try entries.withStoredValue(
            forKey: key, segment: latestSegment, space: OrderedKeys.latestVersions, body)
    }

    /// Returns the first version of a key, except the latest one, whose validity ends after a moment.
    private func olderVersion(of key: UnsafeRawBufferPointer, validAfterMs: Int64) throws -> Version? {
        var found: Version?
        try scanOlder(key, validAfterMs: validAfterMs) { validToMs, stored in
            found = Version(
                validFromMs: Self.validFromMs(stored), validToMs: validToMs,
                value: stored.last == 1 ? Array(stored.dropLast()) : nil)
            return false
        }
        return found
    }

    /// Calls `body` for the versions of a key, except the latest one, whose validity ends after a moment, the oldest first, until
    /// it returns `false`.
    private func scanOlder(
        _ key: UnsafeRawBufferPointer, validAfterMs: Int64,
        _ body: (_ validToMs: Int64, _ stored: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard validAfterMs < .max else { return }
        let times = Moment(ms: validAfterMs).next.notBeforeEpoch.ms...Int64.max
        setEntryKey(key, validToMs: times.lowerBound)
        let lower = entryKey
        setEntryKey(key, validToMs: times.upperBound)
        let upper = entryKey
        try lower.withUnsafeBytes { lower in
            try upper.withUnsafeBytes { upper in
                try entries.scan(times: times, from: lower, through: upper, reversed: false) { entry, stored in
                    // Between a key's versions there may be longer keys that begin with the same bytes.
                    guard entry.count == lower.count else { return true }
                    return try body(entries.keys.timeMs(of: entry), stored)
                }
            }
        }
    }

    private func setEntryKey(_ key: UnsafeRawBufferPointer, validToMs: Int64) {
        entryKey.removeAll(keepingCapacity: true)
        entryKey.append(contentsOf: key)
        withUnsafeBytes(of: validToMs.bigEndian) { entryKey.append(contentsOf: $0) }
    }

    private static func validFromMs(_ stored: UnsafeRawBufferPointer) -> Int64 {
        stored.count < 8 ? 0 : Int64(bigEndian: stored.loadUnaligned(as: Int64.self))
    }
}

// MARK: Writing

extension VersionedStore {
    package func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        _ = try putVersion(key: key, value: value, timestampMs: timestampMs)
    }

    package func putVersion(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64
    ) throws -> PutVersion {
        let outcome = try apply(key: key, value: value, timestampMs: timestampMs)
        if case .expired = outcome { onExpired() }
        // As in Kafka Streams, the changelog gets expired versions too.
        try entries.changes.log(key: key, stored: value, timestampMs: timestampMs)
        return outcome
    }

    /// Adds a version without writing to the changelog.
    func apply(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64
    ) throws -> PutVersion {
        guard timestampMs >= oldestMs else { return .expired }
        entries.streamTimeMs = max(entries.streamTimeMs, timestampMs)
        let version = Version(validFromMs: timestampMs, validToMs: .max, value: value.map { Array($0) })
        var latest: [UInt8]?
        try withLatest(key) { latest = $0.map { Array($0) } }
        if let latest {
            let latestFromMs = latest.withUnsafeBytes(Self.validFromMs)
            if latestFromMs <= timestampMs {
                if latestFromMs < timestampMs {
                    setOlder(key, .init(validFromMs: latestFromMs, validToMs: timestampMs, value: latest))
                }
                // A deletion at the very time of the version that it deletes leaves nothing, as in Kafka Streams.
                setLatest(key, version)
                return .latest
            }
            try insert(key, version, before: latestFromMs)
            return .outOfOrder
        }
        if try olderVersion(of: key, validAfterMs: timestampMs) == nil {
            setLatest(key, version)
            if value == nil { try recordDeletion(of: key, atMs: timestampMs) }
            return .latest
        }
        try insert(key, version, before: .max)
        return .outOfOrder
    }

    private func setLatest(_ key: UnsafeRawBufferPointer, _ version: Version) {
        func set(_ value: UnsafeRawBufferPointer?) {
            entries.set(key, to: value, segment: latestSegment, space: OrderedKeys.latestVersions)
        }
        if let value = version.value { value.withUnsafeBytes { set($0) } } else { set(nil) }
    }

    /// Adds an empty version for a deletion if no version ends at it.
    private func recordDeletion(of key: UnsafeRawBufferPointer, atMs deletionMs: Int64) throws {
        var isEndOfAnother = false
        setEntryKey(key, validToMs: deletionMs)
        try entryKey.withUnsafeBytes {
            try entries.withStoredValue(forKey: $0, segment: entries.keys.segment(at: deletionMs)) {
                isEndOfAnother = $0 != nil
            }
        }
        if isEndOfAnother { return }
        setOlder(key, .init(validFromMs: deletionMs, validToMs: deletionMs, value: nil))
    }

    /// Adds a version that is not the latest one.
    ///
    /// - Parameter latestFromMs: the time from which the latest version is valid.
    private func insert(_ key: UnsafeRawBufferPointer, _ version: Version, before latestFromMs: Int64) throws {
        var version = version
        guard var next = try olderVersion(of: key, validAfterMs: version.validFromMs) else {
            version.validToMs = latestFromMs
            return setOlder(key, version)
        }
        if next.validFromMs > version.validFromMs {
            version.validToMs = next.validFromMs
            return setOlder(key, version)
        }
        // The new version takes the later part of the one that was valid then, or all of it.
        version.validToMs = next.validToMs
        setOlder(key, version)
        guard next.validFromMs < version.validFromMs else { return }
        next.validToMs = version.validFromMs
        setOlder(key, next)
    }

    private func setOlder(_ key: UnsafeRawBufferPointer, _ version: Version) {
        let segment = entries.keys.segment(at: version.validToMs)
        guard segment >= entries.oldestSegment else { return }
        var stored = version.value ?? version.validFromMs.bigEndianBytes
        stored.append(version.value == nil ? 0 : 1)
        setEntryKey(key, validToMs: version.validToMs)
        entryKey.withUnsafeBytes { entryKey in
            stored.withUnsafeBytes { entries.set(entryKey, to: $0, segment: segment) }
        }
    }
}

// MARK: Contents

extension VersionedStore: StoreContents {
    package var dirtySizeInBytes: Int { entries.dirtySizeInBytes }

    package func position() throws -> Int64? { try entries.position() }

    package func restore(_ records: ArraySlice<FetchedRecord>, position: Int64, publish: () -> Void) throws {
        var stored: [UInt8] = []
        for record in records {
            guard let key = record.key else { continue }
            stored.removeAll(keepingCapacity: true)
            if let plain = record.value {
                entries.values.store(plain, timestampMs: record.timestampMs, into: &stored)
            }
            try stored.withUnsafeBytes {
                _ = try apply(key: key, value: record.value == nil ? nil : $0, timestampMs: record.timestampMs)
            }
        }
        publish()
        try entries.recordRestored(position: position)
    }

    package func committed() { entries.committed() }

    var progress: OrderedProgress? { entries.progress }

    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        entries.forEachInMemory(body)
    }

    package func checkpoint(position: Int64?, durably: Bool) throws {
        try entries.checkpoint(position: position, durably: durably)
    }

    package func removeAll() throws { try entries.removeAll() }

    package func close() { entries.close() }
}
