import Millrace

/// The progress of an ordered store at a commit, which decides which of its entries are visible.
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

    /// Makes a store for reading, with all its entries in the given source.
    convenience init(
        reading entries: any StoredEntries, keys: OrderedKeys, values: StoreKind.ValueLayout, progress: OrderedProgress?
    ) {
        self.init(keys: keys, values: values, source: entries, segments: progress?.segments ?? OrderedSegments())
        streamTimeMs = progress?.streamTimeMs ?? -1
        heldFromMs = progress?.heldFromMs ?? .max
    }
}
