/// A part of the entries of one partition of a store.
public struct StorePage: Sendable {
    /// The entries, in the partition's order.
    public var entries: [StoreEntry]
    /// The place after which the next page begins; `nil` if there are no more entries.
    public var next: [UInt8]?

    init(entries: [StoreEntry] = [], next: [UInt8]? = nil) {
        self.entries = entries
        self.next = next
    }
}

/// The entries that a walk over a partition is to visit.
public struct StoreRange: Sendable, Hashable {
    /// The first key; `nil` for no bound.
    public var lower: [UInt8]?
    /// The last key, itself included; `nil` for no bound.
    public var upper: [UInt8]?
    /// The bytes that the keys begin with; none by default.
    public var prefix: [UInt8] = []
    /// The starts of windows, or the ends of sessions, in milliseconds since the epoch; all by default. Without a meaning for
    /// other kinds of stores.
    public var times: ClosedRange<Int64> = 0...Int64.max

    /// Makes a range of keys.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    public init(from lower: [UInt8]? = nil, through upper: [UInt8]? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// The bytes at which the walk begins.
    fileprivate var first: [UInt8]? {
        guard let lower, !lower.lexicographicallyPrecedes(prefix) else { return prefix.isEmpty ? lower : prefix }
        return lower
    }

    fileprivate func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        key.starts(with: prefix) && !key.lexicographicallyPrecedes(lower ?? [])
            && !(upper?.lexicographicallyPrecedes(key) ?? false)
    }
}

extension QueryableBytesStore {
    /// Reads the next entries of a partition, of a store of any kind. The order is that of the keys' bytes; windows and sessions
    /// come in segments of time, the oldest first, and within a segment in the order of the keys. Of a versioned store the latest
    /// versions are read.
    ///
    /// ```swift
    /// let third = try application.store(.bytes("risk-store").partition(3))
    /// var page = try third.page(StoreRange(), limit: 100)
    /// while let place = page.next { page = try third.page(StoreRange(), after: place, limit: 100) }
    /// ```
    ///
    /// Every page is of one commit, a later page of a later one.
    ///
    /// - Parameters:
    ///   - range: the entries to visit.
    ///   - place: the `next` of the page before; `nil` for the first page.
    ///   - limit: how many entries at most; at least 1.
    ///   - maxSizeInBytes: the size of keys and values after which the page ends. 4 MiB by default.
    /// - Throws: `StreamsError` with code `.storeMismatch` if the handle is of more than one partition; otherwise as every read of
    ///   a store.
    public func page(
        _ range: StoreRange, after place: [UInt8]? = nil, limit: Int, maxSizeInBytes: Int = 4 << 20
    ) throws -> StorePage {
        let readers = try store.readers()
        guard readers.count == 1, let partition = readers.first else {
            throw StreamsError(
                .storeMismatch, "pages of the store \(store.plan.name) are read of one partition: ask for one of them")
        }
        var page = PageBuilder(limit: limit, maxSizeInBytes: maxSizeInBytes)
        if case .ordered(let keys) = store.plan.kind.access, keys.time != .none {
            let entries = try partition.snapshot(as: (any OrderedBytesStore).self)
            try walk(entries, keys, range, after: place, into: &page)
        } else {
            try walk(partition.snapshot(), range, after: place, into: &page)
        }
        return page.page
    }

    private func walk(
        _ entries: any KeyValueBytesStore, _ range: StoreRange, after place: [UInt8]?, into page: inout PageBuilder
    ) throws {
        var lower = range.first
        if let place, !place.successor.lexicographicallyPrecedes(lower ?? []) { lower = place.successor }
        let ends = [range.upper?.successor, range.prefix.isEmpty ? nil : range.prefix.endOfPrefix].compactMap { $0 }
        try entries.scan(from: lower, to: ends.min { $0.lexicographicallyPrecedes($1) }) { key, value in
            page.add(entry(Array(key), Array(value)), at: key)
        }
    }

    private func walk(
        _ entries: any OrderedBytesStore, _ keys: OrderedKeys, _ range: StoreRange, after place: [UInt8]?,
        into page: inout PageBuilder
    ) throws {
        func visit(_ timed: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
            let key = UnsafeRawBufferPointer(rebasing: timed.dropLast(keys.suffixCount))
            guard range.contains(key), keys.time == .session || !WindowKey.isRemembered(timed) else { return true }
            let startMs = WindowKey.startMs(of: timed)
            let window =
                keys.time == .session ? SessionKey.session(of: timed) : Window(startMs: startMs, endMs: startMs)
            return page.add(entry(Array(key), Array(value), window), at: timed)
        }
        func scan(_ times: ClosedRange<Int64>, from lower: [UInt8]?) throws {
            try (lower ?? []).withUnsafeBytes {
                try entries.scan(times: times, from: lower == nil ? nil : $0, through: nil, visit)
            }
        }
        guard let place else { return try scan(range.times, from: range.first) }
        // First what is left of the place's segment, then the later ones.
        let segment = keys.segment(at: place.withUnsafeBytes { keys.timeMs(of: $0) })
        let nextMs = keys.expiry?.startMs(ofSegment: segment + 1) ?? .max
        if range.times.lowerBound < nextMs {
            let startMs = max(range.times.lowerBound, keys.expiry?.startMs(ofSegment: segment) ?? 0)
            let endMs = min(range.times.upperBound, (Moment(ms: nextMs) - TimeSpan(ms: 1)).ms)
            if startMs <= endMs { try scan(startMs...endMs, from: place.successor) }
        }
        let restMs = max(range.times.lowerBound, nextMs)
        if !page.isFull, restMs <= range.times.upperBound, nextMs < .max {
            try scan(restMs...range.times.upperBound, from: range.first)
        }
    }
}

/// Collects entries until a page is full.
private struct PageBuilder {
    private(set) var page = StorePage()
    private(set) var isFull = false
    private let limit: Int
    private var rest: Int
    private var last: [UInt8] = []

    init(limit: Int, maxSizeInBytes: Int) {
        self.limit = max(1, limit)
        rest = maxSizeInBytes
    }

    /// Adds an entry, unless the page is full. Returns whether there may be room for more.
    mutating func add(_ entry: StoreEntry, at place: UnsafeRawBufferPointer) -> Bool {
        guard page.entries.count < limit, rest > 0 || page.entries.isEmpty else {
            page.next = last
            isFull = true
            return false
        }
        rest -= entry.key.count + entry.value.count
        page.entries.append(entry)
        last = Array(place)
        return true
    }
}
