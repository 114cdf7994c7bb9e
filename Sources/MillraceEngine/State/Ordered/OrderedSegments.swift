import Millrace

/// The segments of an ordered store, and which of them are completely in memory.
struct OrderedSegments {
    private struct Segment {
        var id: Int64
        /// Whether all its entries are in memory.
        var isInMemory: Bool
        /// Whether some of its entries may be on disk.
        var isOnDisk: Bool
    }

    /// The segments in ascending order; there are few.
    private var segments: [Segment] = []

    init() {}

    /// Finds the segments of a store on disk by seeking from the first key of each to the next one.
    init(on disk: PersistentStore?) throws {
        var lower: [UInt8]?
        while let disk {
            var found: Int64?
            try disk.scan(from: lower, to: nil) { key, _ in
                if key.count >= 8 { found = Int64(bigEndian: key.loadUnaligned(as: Int64.self)) }
                return false
            }
            guard let found, found >= 0, found < .max else { return }
            segments.append(Segment(id: found, isInMemory: false, isOnDisk: true))
            lower = OrderedKeys.lowerBound(ofSegment: found + 1)
        }
    }

    var all: [Int64] { segments.map(\.id) }

    /// Returns the segments within a range, the oldest first or, reversed, the newest.
    func within(_ range: ClosedRange<Int64>, reversed: Bool) -> [Int64] {
        let ids = segments.map(\.id).filter(range.contains)
        return reversed ? ids.reversed() : ids
    }

    /// Whether a segment can be read without the disk. One that does not exist can.
    func isInMemory(_ id: Int64) -> Bool { find(id)?.isInMemory ?? true }

    /// Whether nothing of a segment has been written to disk.
    func isNew(_ id: Int64) -> Bool { !(find(id)?.isOnDisk ?? false) }

    private func find(_ id: Int64) -> Segment? { segments.last { $0.id == id } }

    /// Records that a segment gets an entry.
    mutating func begin(_ id: Int64) {
        if segments.last?.id == id || segments.contains(where: { $0.id == id }) { return }
        let index = segments.firstIndex { $0.id > id } ?? segments.count
        segments.insert(Segment(id: id, isInMemory: true, isOnDisk: false), at: index)
    }

    /// Returns the same segments for a reader that finds all of them in the entries below.
    func withoutMemory() -> OrderedSegments {
        var copy = self
        for index in copy.segments.indices { copy.segments[index].isInMemory = false }
        return copy
    }

    mutating func recordFlush() {
        for index in segments.indices { segments[index].isOnDisk = true }
    }

    mutating func recordEvicted(_ id: Int64) {
        for index in segments.indices where segments[index].id == id { segments[index].isInMemory = false }
    }

    /// Removes the segments below one. Returns whether there were any.
    mutating func drop(below oldest: Int64) -> Bool {
        let before = segments.count
        segments.removeAll { $0.id < oldest }
        return segments.count < before
    }
}
