import Millrace

extension OrderedStore: StoreContents {
    package func position() throws -> Int64? { try disk?.position() }

    package func restore(_ records: ArraySlice<FetchedRecord>, position: Int64, publish: () -> Void) throws {
        for record in records {
            guard let key = record.key else { continue }
            if record.value != nil { streamTimeMs = max(streamTimeMs, keys.timeMs(of: key)) }
            recordSequenceNumber(of: key)
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
        publish()
        try recordRestored(position: position)
    }

    /// Records that a batch of the changelog has been applied, and writes entries to disk if they exceed the memory.
    func recordRestored(position: Int64) throws {
        flushedStreamTimeMs = streamTimeMs
        if disk == nil { return committed() }
        if dirtySizeInBytes > min(maxSizeInBytes / 2, Self.maxRestoredSizeInBytes) {
            try checkpoint(position: position, durably: false)
        }
    }

    /// Stops holding entries that have been forwarded: those more than one retention older than the closed time.
    func recordClosed(untilMs closedMs: Int64) {
        guard keys.isTimeIndexed else { return }
        heldFromMs = max(heldFromMs, (Moment(ms: closedMs) - TimeSpan(ms: retentionMs)).ms)
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
        var cursor = map.first
        while dirtySizeInBytes > 0, map.isValid(cursor) {
            if map.isMarked(cursor) {
                marked.append(cursor)
                writes.append(StoreWrite(key: map.key(at: cursor), value: map.value(at: cursor)))
            }
            cursor = map.next(cursor)
        }
        let progress = streamTimeMs.bigEndianBytes + sequenceNumber.bigEndianBytes
        try OrderedKeys.progressKey.withUnsafeBytes { key in
            try progress.withUnsafeBytes { value in
                if keys.expiry != nil, !writes.isEmpty { writes.append(StoreWrite(key: key, value: value)) }
                try disk.apply(writes, droppingBelow: bound, position: position)
            }
        }
        for cursor in marked { map.setMark(cursor, false) }
        dirtySizeInBytes = 0
        segments.recordFlush()
        // Keys that are deleted on disk too need not be remembered.
        map.removeDeleted()
        evict()
        if durably { try disk.flush() }
    }

    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        var position = map.first
        while disk == nil, map.isValid(position) {
            if let value = map.value(at: position) { body(map.key(at: position), value) }
            position = map.next(position)
        }
    }

    package func removeAll() throws {
        map.removeAll()
        try disk?.removeAll()
        segments = OrderedSegments()
        streamTimeMs = -1
        dirtySizeInBytes = 0
    }

    package func close() { disk?.close() }

    /// Drops expired segments from memory. Returns the bound below which they have to be dropped from disk.
    @discardableResult
    func dropExpired() -> [UInt8]? {
        let oldest = oldestSegment
        guard segments.drop(below: oldest) else { return nil }
        let bound = OrderedKeys.lowerBound(ofSegment: oldest)
        bound.withUnsafeBytes { bound in
            var cursor = map.first
            while map.isValid(cursor), order(map.key(at: cursor), bound) < 0 {
                if map.isMarked(cursor) { dirtySizeInBytes -= Self.dirtySize(map.key(at: cursor)) }
                cursor = map.next(cursor)
            }
            map.removeAll(from: UnsafeRawBufferPointer(start: nil, count: 0), to: bound)
        }
        return bound
    }

    /// Evicts entries, those of the oldest segments first, until the map takes three quarters of its bound.
    func evict() {
        guard map.sizeInBytes > maxSizeInBytes else { return }
        for segment in segments.all where map.sizeInBytes > maxSizeInBytes / 4 * 3 {
            let (lower, upper) = (
                OrderedKeys.lowerBound(ofSegment: segment), OrderedKeys.lowerBound(ofSegment: segment + 1)
            )
            lower.withUnsafeBytes { lower in upper.withUnsafeBytes { map.removeUnmarked(from: lower, to: $0) } }
            segments.recordEvicted(segment)
        }
    }
}
