package import Millrace

/// A store that is walked over in the order of its keys: window and session stores, and whatever else lives in time.
///
/// One ordered map is the transaction buffer, the cache of changes that wait for the next commit, and the whole store where
/// it is in memory. Entries that differ from the store on disk are marked; they go down in one sorted batch when the task
/// says so, which it does only right after a commit. `OrderedKeys` says how entries lie.
///
/// A segment that began in memory is all there until memory becomes short, so that it is read without the disk. Expired
/// segments are let go as a whole, in memory and on disk, with the first checkpoint after they have expired; reads do not
/// see them before that either. What an operator still has to hand on is held, however old it is.
package final class OrderedStore: OrderedBytesStore {
    let keys: OrderedKeys
    private let values: StoreKind.ValueLayout
    private let changelog: Changelog?
    private let disk: (any PersistentStore)?
    private let maxSizeInBytes: Int
    private let onExpired: () -> Void
    private var map = OrderedByteMap()
    private var segments: OrderedSegments
    /// The highest time of any key that was put; −1 while there is none.
    package private(set) var streamTimeMs: Int64 = -1
    package private(set) var dirtySizeInBytes = 0
    package var heldFromMs: Int64
    package var retentionMs: Int64 { keys.expiry?.retentionMs ?? .max }
    private var storedKey: [UInt8] = []
    private var sequenceNumber: Int32 = 0
    private var mayHaveOlderSequenceNumbers = false

    package let isCaching: Bool
    private var waiting = WaitingChanges()
    private var listener: CachingKeyValueStore.FlushListener?
    private var sendsOldValues = false
    private var isFlushing = false
    /// As `streamTimeMs`, of what has been flushed.
    private var flushedStreamTimeMs: Int64 = -1

    package init(
        keys: OrderedKeys, values: StoreKind.ValueLayout, changelog: Changelog?, persistent: (any PersistentStore)?,
        isCached: Bool, maxSizeInBytes: Int, onExpired: @escaping () -> Void
    ) throws {
        self.keys = keys
        self.values = values
        self.changelog = changelog
        disk = persistent
        isCaching = isCached
        // Until the operator says how far it has got.
        heldFromMs = keys.isTimeIndexed ? 0 : .max
        self.maxSizeInBytes = maxSizeInBytes
        self.onExpired = onExpired
        segments = try OrderedSegments(on: persistent)
        try OrderedKeys.streamTimeKey.withUnsafeBytes { key in
            try persistent?.withValue(forKey: key) { value in
                if let value, value.count == 8 { streamTimeMs = Int64(bigEndian: value.loadUnaligned(as: Int64.self)) }
            }
        }
        mayHaveOlderSequenceNumbers = segments.newest != nil
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

    private func withStoredValue(
        forKey key: UnsafeRawBufferPointer, segment: Int64, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        var stored: [UInt8] = []
        swap(&stored, &storedKey)
        defer { swap(&stored, &storedKey) }
        stored.removeAll(keepingCapacity: true)
        keys.appendStoredKey(key, segment: segment, to: &stored)
        try stored.withUnsafeBytes { stored in
            if let position = map.find(stored) { return try body(map.value(at: position)) }
            guard let disk, !segments.isInMemory(segment) else { return try body(nil) }
            try disk.withValue(forKey: stored, body)
        }
    }

    package func scan(
        times: ClosedRange<Int64>, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard let times = living(times) else { return }
        for segment in segments.within(keys.segment(at: times.lowerBound)...keys.segment(at: times.upperBound)) {
            let goesOn = try visit(segment, OrderedKeys.values, from: lower, through: upper) { stored, value in
                let key = UnsafeRawBufferPointer(rebasing: stored.dropFirst(OrderedKeys.prefixCount))
                guard times.contains(keys.timeMs(of: key)) else { return true }
                return try body(key, value)
            }
            if !goesOn { return }
        }
    }

    package func scanByTime(
        _ times: ClosedRange<Int64>,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let lower = times.lowerBound.bigEndianBytes
        let upper = times.upperBound == .max ? nil : (times.upperBound + 1).bigEndianBytes
        let segments = segments.within(keys.segment(at: times.lowerBound)...keys.segment(at: times.upperBound))
        for segment in segments where segment >= oldestSegment {
            let goesOn = try lower.withUnsafeBytes { lower in
                try visit(segment, OrderedKeys.timeIndex, from: lower, to: upper) { stored, _ in
                    let key = keys.key(ofIndexEntry: stored)
                    var goesOn = true
                    try withStoredValue(forKey: key, segment: segment) { value in
                        if let value { goesOn = try body(key, value) }
                    }
                    return goesOn
                }
            }
            if !goesOn { return }
        }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let bounds = KeyBounds(lower: lower, upper: upper)
        try (lower ?? []).withUnsafeBytes { lower in
            try scan(times: 0...Int64.max, from: lower, through: nil) { key, value in
                if bounds.isAbove(key) { return keys.expiry != nil }
                return try body(key, value)
            }
        }
    }

    /// The oldest segment that is kept.
    private var oldestSegment: Int64 {
        min(keys.oldestLiveSegment(at: streamTimeMs), keys.segment(at: heldFromMs))
    }

    private var oldestVisibleMs: Int64 {
        keys.oldestVisibleMs(at: streamTimeMs, oldestSegment: oldestSegment)
    }

    private func living(_ times: ClosedRange<Int64>) -> ClosedRange<Int64>? {
        let oldest = max(times.lowerBound, oldestVisibleMs)
        return oldest <= times.upperBound ? oldest...times.upperBound : nil
    }

    private func visit(
        _ segment: Int64, _ space: UInt8, from lower: UnsafeRawBufferPointer?, through upper: UnsafeRawBufferPointer?,
        _ body: (_ stored: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        // Nothing lies between a key and the same key with a zero behind it.
        try visit(segment, space, from: lower, to: upper.map { Array($0) + [0] }, body)
    }

    private func visit(
        _ segment: Int64, _ space: UInt8, from lower: UnsafeRawBufferPointer?, to upper: [UInt8]?,
        _ body: (_ stored: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        var from: [UInt8] = []
        OrderedKeys.appendPrefix(segment: segment, space: space, to: &from)
        if let lower { from.append(contentsOf: lower) }
        var to: [UInt8] = []
        OrderedKeys.appendPrefix(segment: segment, space: upper == nil ? space + 1 : space, to: &to)
        if let upper { to += upper }
        let below = segments.isInMemory(segment) ? nil : disk
        var batch = EntryBatch()
        var rest: [UInt8]? = from
        while let next = rest {
            rest = try batch.fill(from: next, to: to, of: map, over: below)
            if try !batch.visit(body) { return false }
        }
        return true
    }
}

// MARK: Writing

extension OrderedStore {
    package func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try put(
            key: key, value: value, timestampMs: timestampMs,
            origin: .init(timestampMs: timestampMs, headers: Headers(), metadata: nil))
    }

    package func put(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64,
        origin: CachingKeyValueStore.Origin
    ) throws {
        let timeMs = keys.timeMs(of: key)
        streamTimeMs = max(streamTimeMs, timeMs)
        let segment = keys.segment(at: timeMs)
        guard segment >= oldestSegment else {
            // As in Kafka Streams the changelog and what follows get it all the same.
            onExpired()
            try changelog?.send(key: key, stored: value, timestampMs: timestampMs)
            if isCaching { try listener?(key, value, nil, origin) }
            return
        }
        if isCaching {
            let change = WaitingChanges.Change(timestampMs: timestampMs, origin: origin)
            if waiting.contains(key) {
                waiting.note(key, oldValue: nil, change)
            } else {
                try withStoredValue(forKey: key, segment: segment) { waiting.note(key, oldValue: $0, change) }
            }
        } else {
            try changelog?.send(key: key, stored: value, timestampMs: timestampMs)
        }
        set(key, to: value, segment: segment)
    }

    private func set(_ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?, segment: Int64) {
        segments.begin(segment)
        storedKey.removeAll(keepingCapacity: true)
        keys.appendStoredKey(key, segment: segment, to: &storedKey)
        storedKey.withUnsafeBytes { set(stored: $0, to: value, segment: segment) }
        guard keys.isTimeIndexed else { return }
        storedKey.removeAll(keepingCapacity: true)
        keys.appendIndexKey(key, segment: segment, to: &storedKey)
        storedKey.withUnsafeBytes {
            set(stored: $0, to: value == nil ? nil : UnsafeRawBufferPointer(start: nil, count: 0), segment: segment)
        }
    }

    private func set(stored: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?, segment: Int64) {
        if value == nil, disk == nil || segments.isNew(segment) {
            guard let position = map.find(stored) else { return }
            if map.isMarked(position) { dirtySizeInBytes -= Self.dirtySize(map.key(at: position)) }
            return map.remove(at: position)
        }
        let position = map.set(stored, to: value)
        guard disk != nil, !map.isMarked(position) else { return }
        map.setMark(position, true)
        dirtySizeInBytes += Self.dirtySize(stored)
    }

    /// How much a restore keeps in memory before it writes it down.
    private static var maxRestoredSizeInBytes: Int { 8 << 20 }

    private static func dirtySize(_ key: UnsafeRawBufferPointer) -> Int { 2 * key.count + 64 }

    package func nextSequenceNumber(prefix: UnsafeRawBufferPointer) throws -> Int32 {
        var key = Array(prefix)
        while true {
            sequenceNumber = sequenceNumber &+ 1 & Int32.max
            guard mayHaveOlderSequenceNumbers else { return sequenceNumber }
            key.removeSubrange(prefix.count...)
            key += sequenceNumber.bigEndianBytes
            var isTaken = false
            try key.withUnsafeBytes { try withValue(forKey: $0) { isTaken = $0 != nil } }
            if !isTaken { return sequenceNumber }
        }
    }
}

// MARK: Changes that wait

extension OrderedStore {
    package var cacheSizeInBytes: Int { waiting.sizeInBytes }

    package func onFlush(sendsOldValues: Bool, _ listener: @escaping CachingKeyValueStore.FlushListener) {
        self.sendsOldValues = sendsOldValues
        self.listener = listener
    }

    package func removeListener() { listener = nil }

    package func flush() throws {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        var key: [UInt8] = []
        var oldValue: [UInt8]?
        for _ in 0..<waiting.count {
            guard let change = waiting.takeFirst(key: &key, oldValue: &oldValue) else { return }
            try key.withUnsafeBytes { try flush($0, oldValue: oldValue, change) }
        }
    }

    private func flush(_ key: UnsafeRawBufferPointer, oldValue: [UInt8]?, _ change: WaitingChanges.Change) throws {
        var newValue: [UInt8]?
        try withStoredValue(forKey: key, segment: keys.segment(at: keys.timeMs(of: key))) {
            newValue = $0.map { Array($0) }
        }
        // In Kafka Streams the store below the cache does not show what has expired.
        let timeMs = keys.timeMs(of: key)
        let isExpired = keys.expiry.map { timeMs < $0.oldestUnexpiredMs(at: flushedStreamTimeMs) } ?? false
        let oldValue = isExpired ? nil : oldValue
        if newValue == nil, oldValue == nil, listener != nil { return }
        flushedStreamTimeMs = max(flushedStreamTimeMs, timeMs)
        try newValue.withOptionalBytes { new in
            try changelog?.send(key: key, stored: new, timestampMs: change.timestampMs)
            try (sendsOldValues ? oldValue : nil).withOptionalBytes { try listener?(key, new, $0, change.origin) }
        }
    }
}

// MARK: Restoring and committing

extension OrderedStore: StoreContents {
    package func position() throws -> Int64? { try disk?.position() }

    package func restore(_ records: [FetchedRecord], position: Int64) throws {
        mayHaveOlderSequenceNumbers = true
        for record in records {
            if let key = record.key { streamTimeMs = max(streamTimeMs, keys.timeMs(of: key)) }
        }
        var stored: [UInt8] = []
        for record in records {
            guard let key = record.key else { continue }
            let segment = keys.segment(at: keys.timeMs(of: key))
            if segment < oldestSegment { continue }
            stored.removeAll(keepingCapacity: true)
            if let plain = record.value { values.store(plain, timestampMs: record.timestampMs, into: &stored) }
            stored.withUnsafeBytes { set(key, to: record.value == nil ? nil : $0, segment: segment) }
        }
        if disk == nil { return committed() }
        if dirtySizeInBytes > min(maxSizeInBytes / 2, Self.maxRestoredSizeInBytes) {
            try checkpoint(position: position, durably: false)
        }
    }

    /// In memory there is no checkpoint to wait for.
    package func committed() {
        if disk == nil { dropExpired() }
    }

    package func checkpoint(position: Int64?, durably: Bool) throws {
        guard let disk else { return }
        let bound = dropExpired()
        var marked: [OrderedByteMap.Position] = []
        var writes: [StoreWrite] = []
        var place = map.first
        while dirtySizeInBytes > 0, map.isValid(place) {
            if map.isMarked(place) {
                marked.append(place)
                writes.append(StoreWrite(key: map.key(at: place), value: map.value(at: place)))
            }
            place = map.next(place)
        }
        let streamTime = (key: OrderedKeys.streamTimeKey, value: streamTimeMs.bigEndianBytes)
        try streamTime.key.withUnsafeBytes { key in
            try streamTime.value.withUnsafeBytes { value in
                if keys.expiry != nil, !writes.isEmpty { writes.append(StoreWrite(key: key, value: value)) }
                try disk.apply(writes, droppingBelow: bound, position: position)
            }
        }
        for place in marked { map.setMark(place, false) }
        dirtySizeInBytes = 0
        segments.noteWrittenDown()
        // What is deleted on disk too need not be remembered.
        map.removeDeleted()
        evict()
        if durably { try disk.flush() }
    }

    package func removeAll() throws {
        map.removeAll()
        try disk?.removeAll()
        segments = OrderedSegments()
        streamTimeMs = -1
        dirtySizeInBytes = 0
    }

    package func close() { disk?.close() }

    /// Lets expired segments go from memory. Returns the bound below which the disk has to let them go.
    @discardableResult
    private func dropExpired() -> [UInt8]? {
        let oldest = oldestSegment
        guard segments.drop(below: oldest) else { return nil }
        let bound = OrderedKeys.lowerBound(ofSegment: oldest)
        bound.withUnsafeBytes { bound in
            var place = map.first
            while map.isValid(place), order(map.key(at: place), bound) < 0 {
                if map.isMarked(place) { dirtySizeInBytes -= Self.dirtySize(map.key(at: place)) }
                place = map.next(place)
            }
            map.removeAll(from: UnsafeRawBufferPointer(start: nil, count: 0), to: bound)
        }
        return bound
    }

    /// Lets entries go, those of the oldest segments first, until the map takes three quarters of its bound.
    private func evict() {
        guard map.sizeInBytes > maxSizeInBytes else { return }
        for segment in segments.all where map.sizeInBytes > maxSizeInBytes / 4 * 3 {
            let (lower, upper) = (
                OrderedKeys.lowerBound(ofSegment: segment), OrderedKeys.lowerBound(ofSegment: segment + 1)
            )
            lower.withUnsafeBytes { lower in upper.withUnsafeBytes { map.removeUnmarked(from: lower, to: $0) } }
            segments.noteEvicted(segment)
        }
    }
}

extension [UInt8]? {
    fileprivate func withOptionalBytes(_ body: (UnsafeRawBufferPointer?) throws -> Void) rethrows {
        if let self { try self.withUnsafeBytes(body) } else { try body(nil) }
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] { Swift.withUnsafeBytes(of: bigEndian) { Array($0) } }
}
