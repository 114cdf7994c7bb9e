package import Millrace

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
            // As in Kafka Streams, the changelog and the downstream operators get it all the same.
            onExpired()
            try changes.log(key: key, stored: value, timestampMs: timestampMs)
            if isCaching { try listener?(key, value, nil, origin) }
            return
        }
        if isCaching {
            let change = WaitingChanges.Change(timestampMs: timestampMs, origin: origin)
            if waiting.contains(key) {
                waiting.record(key, oldValue: nil, change)
            } else {
                try withStoredValue(forKey: key, segment: segment) { waiting.record(key, oldValue: $0, change) }
            }
        } else {
            try changes.log(key: key, stored: value, timestampMs: timestampMs)
        }
        set(key, to: value, segment: segment)
    }

    func set(
        _ key: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?, segment: Int64,
        space: UInt8 = OrderedKeys.values
    ) {
        segments.begin(segment)
        storedKey.removeAll(keepingCapacity: true)
        keys.appendStoredKey(key, segment: segment, space: space, to: &storedKey)
        storedKey.withUnsafeBytes { set(stored: $0, to: value, segment: segment) }
        guard keys.isTimeIndexed else { return }
        storedKey.removeAll(keepingCapacity: true)
        keys.appendIndexKey(key, segment: segment, to: &storedKey)
        storedKey.withUnsafeBytes {
            set(stored: $0, to: value == nil ? nil : UnsafeRawBufferPointer(start: nil, count: 0), segment: segment)
        }
    }

    func set(stored: UnsafeRawBufferPointer, to value: UnsafeRawBufferPointer?, segment: Int64) {
        changes.recordChange(key: stored, value: value)
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

    /// The memory that a restore may use before it writes its entries to disk.
    static var maxRestoredSizeInBytes: Int { 8 << 20 }

    static func dirtySize(_ key: UnsafeRawBufferPointer) -> Int { 2 * key.count + 64 }

    package func logDeletion(key: UnsafeRawBufferPointer, timestampMs: Int64) throws {
        try changes.log(key: key, stored: nil, timestampMs: timestampMs)
    }

    /// Returns a number that no earlier entry of the store has, so that entries of the same key and time keep their order of
    /// arrival.
    package func nextSequenceNumber() -> Int32 {
        sequenceNumber = sequenceNumber &+ 1 & Int32.max
        return sequenceNumber
    }

    /// Records the sequence number of a key that was added before the store was opened.
    func recordSequenceNumber(of key: UnsafeRawBufferPointer) {
        guard keys.time == .window, key.count >= keys.suffixCount else { return }
        let number = key.loadUnaligned(fromByteOffset: key.count - 4, as: Int32.self)
        sequenceNumber = max(sequenceNumber, Int32(bigEndian: number))
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

    func flush(_ key: UnsafeRawBufferPointer, oldValue: [UInt8]?, _ change: WaitingChanges.Change) throws {
        var newValue: [UInt8]?
        try withStoredValue(forKey: key, segment: keys.segment(at: keys.timeMs(of: key))) {
            newValue = $0.map { Array($0) }
        }
        // In Kafka Streams the store below the cache does not show expired entries.
        let timeMs = keys.timeMs(of: key)
        let isExpired = keys.expiry?.hidesBelowCache(timeMs, at: flushedStreamTimeMs) ?? false
        let oldValue = isExpired ? nil : oldValue
        if newValue == nil, oldValue == nil, listener != nil { return }
        flushedStreamTimeMs = max(flushedStreamTimeMs, timeMs)
        try newValue.withOptionalBytes { new in
            try changes.log(key: key, stored: new, timestampMs: change.timestampMs)
            try (sendsOldValues ? oldValue : nil).withOptionalBytes { try listener?(key, new, $0, change.origin) }
        }
    }
}

extension [UInt8]? {
    fileprivate func withOptionalBytes(_ body: (UnsafeRawBufferPointer?) throws -> Void) rethrows {
        if let self { try self.withUnsafeBytes(body) } else { try body(nil) }
    }
}
