import Millrace

/// How far an ordered store had got at a commit: what decides which of its entries can be seen.
struct OrderedProgress: Sendable {
    var segments: OrderedSegments
    var streamTimeMs: Int64
    var heldFromMs: Int64
    var oldestSegment: Int64
}

extension OrderedStore {
    var progress: OrderedProgress? {
        OrderedProgress(
            segments: segments.withoutMemory(), streamTimeMs: streamTimeMs, heldFromMs: heldFromMs,
            oldestSegment: oldestSegment)
    }

    /// A store to be read, with everything in entries below it.
    convenience init(
        reading entries: any StoredEntries, keys: OrderedKeys, values: StoreKind.ValueLayout, progress: OrderedProgress?
    ) {
        self.init(keys: keys, values: values, source: entries, segments: progress?.segments ?? OrderedSegments())
        streamTimeMs = progress?.streamTimeMs ?? -1
        heldFromMs = progress?.heldFromMs ?? .max
    }
}
