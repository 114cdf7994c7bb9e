package import Millrace

/// A store that is scanned in the order of its keys: window and session stores, and others with keys in time.
///
/// One ordered map is the transaction buffer, the cache of changes that wait for the next commit, and the whole store if it is in
/// memory. Entries that differ from the store on disk are marked. The task has them written in one sorted batch, which it does only
/// right after a commit. `OrderedKeys` defines the layout of the keys.
///
/// A segment that began in memory stays there completely until memory becomes short, so that reading it does not need the disk.
/// Expired segments are dropped as a whole, in memory and on disk, with the first checkpoint after they have expired; reads do not
/// see them before that either. Entries that an operator has not forwarded yet are held, however old they are.
package final class OrderedStore: OrderedBytesStore {
    let keys: OrderedKeys
    let values: StoreKind.ValueLayout
    let disk: PersistentStore?
    /// The entries below the map: on disk, or of the store that a query reads.
    let source: (any StoredEntries)?
    let changes: ChangeWriter
    let maxSizeInBytes: Int
    let onExpired: () -> Void
    var map = OrderedByteMap()
    var segments: OrderedSegments
    /// The highest time of any key that was put; −1 while there is none.
    package internal(set) var streamTimeMs: Int64 = -1
    package internal(set) var dirtySizeInBytes = 0
    package var heldFromMs: Int64
    package var retentionMs: Int64 { keys.expiry?.retentionMs ?? .max }
    var storedKey: [UInt8] = []
    /// The number of the last entry that was added beside others of the same key and time.
    var sequenceNumber: Int32 = 0

    package let isCaching: Bool
    var waiting = WaitingChanges()
    var listener: CachingKeyValueStore.FlushListener?
    var sendsOldValues = false
    var isFlushing = false
    /// The value of `streamTimeMs` for flushed entries only.
    var flushedStreamTimeMs: Int64 = -1

    package init(
        keys: OrderedKeys, values: StoreKind.ValueLayout, changes: ChangeWriter, persistent: PersistentStore?,
        isCached: Bool, maxSizeInBytes: Int, onExpired: @escaping () -> Void
    ) throws {
        self.changes = changes
        source = persistent
        self.keys = keys
        self.values = values
        disk = persistent
        isCaching = isCached
        // Everything is held until the operator reports its progress.
        heldFromMs = keys.isTimeIndexed ? 0 : .max
        self.maxSizeInBytes = maxSizeInBytes
        self.onExpired = onExpired
        segments = try OrderedSegments(on: persistent)
        try OrderedKeys.progressKey.withUnsafeBytes { key in
            try persistent?.withValue(forKey: key) { value in
                guard let value, value.count >= 8 else { return }
                streamTimeMs = Int64(bigEndian: value.loadUnaligned(as: Int64.self))
                guard value.count >= 12 else { return }
                sequenceNumber = Int32(bigEndian: value.loadUnaligned(fromByteOffset: 8, as: Int32.self))
            }
        }
        flushedStreamTimeMs = streamTimeMs
    }

    /// Makes a store that is only read.
    init(
        keys: OrderedKeys, values: StoreKind.ValueLayout, source: any StoredEntries, segments: OrderedSegments
    ) {
        self.keys = keys
        self.values = values
        self.source = source
        self.segments = segments
        disk = nil
        changes = ChangeWriter()
        isCaching = false
        heldFromMs = .max
        maxSizeInBytes = 0
        onExpired = {}
    }
}

// MARK: Reading

extension OrderedStore {
    package func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws
    {
        let timeMs = keys.timeMs(of: key)
        if timeMs < oldestVisibleMs { return try body(nil) }
        try withStoredValue(forKey: key, segment: keys.segment(at: timeMs), body)
    }

    func withStoredValue(
        forKey key: UnsafeRawBufferPointer, segment: Int64, space: UInt8 = OrderedKeys.values,
        _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        var stored: [UInt8] = []
        swap(&stored, &storedKey)
        defer { swap(&stored, &storedKey) }
        stored.removeAll(keepingCapacity: true)
        keys.appendStoredKey(key, segment: segment, space: space, to: &stored)
        try stored.withUnsafeBytes { stored in
            if let position = map.find(stored) { return try body(map.value(at: position)) }
            guard let source, !segments.isInMemory(segment) else { return try body(nil) }
            try source.withValue(forKey: stored, body)
        }
    }

    package func scan(
        times: ClosedRange<Int64>, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard let times = living(times) else { return }
        // No key lies between a key and the same key followed by a zero byte.
        let upper = upper.map { Array($0) + [0] }
        let range = keys.segment(at: times.lowerBound)...keys.segment(at: times.upperBound)
        for segment in segments.within(range, reversed: reversed) {
            let continues = try visit(segment, OrderedKeys.values, from: lower, to: upper, reversed: reversed) {
                stored, value in
                let key = UnsafeRawBufferPointer(rebasing: stored.dropFirst(OrderedKeys.prefixCount))
                guard times.contains(keys.timeMs(of: key)) else { return true }
                return try body(key, value)
            }
            if !continues { return }
        }
    }

    package func scanByTime(
        _ times: ClosedRange<Int64>, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        // In bytes a time before the epoch would sort after all others.
        let lower = max(0, times.lowerBound).bigEndianBytes
        let upper = times.upperBound == .max ? nil : Moment(ms: max(-1, times.upperBound)).next.ms.bigEndianBytes
        let range = keys.segment(at: times.lowerBound)...keys.segment(at: times.upperBound)
        for segment in segments.within(range, reversed: reversed) where segment >= oldestSegment {
            let continues = try lower.withUnsafeBytes { lower in
                try visit(segment, OrderedKeys.timeIndex, from: lower, to: upper, reversed: reversed) { stored, _ in
                    let key = keys.key(ofIndexEntry: stored)
                    var continues = true
                    try withStoredValue(forKey: key, segment: segment) { value in
                        if let value { continues = try body(key, value) }
                    }
                    return continues
                }
            }
            if !continues { return }
        }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard let times = living(0...Int64.max) else { return }
        for segment in segments.within(keys.segment(at: times.lowerBound)...Int64.max, reversed: reversed) {
            let continues = try (lower ?? []).withUnsafeBytes { lower in
                try visit(segment, OrderedKeys.values, from: lower, to: upper, reversed: reversed) { stored, value in
                    let key = UnsafeRawBufferPointer(rebasing: stored.dropFirst(OrderedKeys.prefixCount))
                    return try times.contains(keys.timeMs(of: key)) ? body(key, value) : true
                }
            }
            if !continues { return }
        }
    }

    /// The oldest segment that is kept.
    var oldestSegment: Int64 {
        min(keys.oldestLiveSegment(at: streamTimeMs), keys.segment(at: heldFromMs))
    }

    package var oldestKeptMs: Int64 { keys.expiry?.startMs(ofSegment: oldestSegment) ?? 0 }

    var oldestVisibleMs: Int64 {
        keys.oldestVisibleMs(at: streamTimeMs, oldestSegment: oldestSegment)
    }

    func living(_ times: ClosedRange<Int64>) -> ClosedRange<Int64>? {
        let oldest = max(times.lowerBound, oldestVisibleMs)
        return oldest <= times.upperBound ? oldest...times.upperBound : nil
    }

    func visit(
        _ segment: Int64, _ space: UInt8, from lower: UnsafeRawBufferPointer?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ stored: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        var from: [UInt8] = []
        OrderedKeys.appendPrefix(segment: segment, space: space, to: &from)
        if let lower { from.append(contentsOf: lower) }
        var to: [UInt8] = []
        OrderedKeys.appendPrefix(segment: segment, space: upper == nil ? space + 1 : space, to: &to)
        if let upper { to += upper }
        let below = segments.isInMemory(segment) ? nil : source
        var batch = EntryBatch()
        var rest: WalkRange? = WalkRange(lower: from, upper: to, isReversed: reversed)
        while let range = rest {
            rest = try batch.fill(range, of: map, over: below)
            if try !batch.visit(body) { return false }
        }
        return true
    }
}
