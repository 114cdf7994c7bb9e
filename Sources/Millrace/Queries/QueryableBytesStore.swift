/// An entry of a store of any kind, as bytes.
public struct StoreEntry: Sendable, Hashable {
    /// The key, without its window.
    public var key: [UInt8]
    /// The window or session of the value; `nil` in stores without windows. A window store does not know the window's end,
    /// so its start is given for it.
    public var window: Window?
    /// The value, without its timestamp.
    public var value: [UInt8]
    /// The value's timestamp in milliseconds since the epoch, if the store keeps it. A version is valid from this moment on.
    public var timestampMs: Int64?
    /// The moment at which a version ceased to be valid; `nil` for the latest one, and in stores without versions.
    public var validToMs: Int64?

    /// Makes an entry of its parts.
    ///
    /// - Parameters:
    ///   - key: the key, without its window.
    ///   - window: the window or session of the value.
    ///   - value: the value, without its timestamp.
    ///   - timestampMs: the value's timestamp in milliseconds since the epoch.
    ///   - validToMs: the moment at which a version ceased to be valid.
    public init(
        key: [UInt8], window: Window? = nil, value: [UInt8], timestampMs: Int64? = nil, validToMs: Int64? = nil
    ) {
        self.key = key
        self.window = window
        self.value = value
        self.timestampMs = timestampMs
        self.validToMs = validToMs
    }
}

/// The committed state of a store of any kind but custom ones, as bytes: for code that does not know the Swift types of its
/// keys and values, such as a server.
///
/// ```swift
/// let store = try application.store(.bytes("views-per-minute"))
/// let key = try store.key(from: "/home")
/// let found = try await store.read(reaching: written) { try $0.windows(of: key, starting: 0...3_600_000) }
/// for entry in found.value { print(store.json(of: entry)) }
/// ```
///
/// The store's kind decides which reads it supports; the others throw `StreamsError` with code `.storeMismatch`. In all
/// other respects it behaves like the typed handles.
public struct QueryableBytesStore: Sendable {
    let store: any QueriedStore

    init(_ store: any QueriedStore) { self.store = store }

    /// Returns the view of an index in each local partition.
    package func indexViews(named name: String) throws -> [any Sendable] {
        try store.readers().map { try $0.indexView(named: name) }
    }

    // MARK: Keys and text

    /// The kind of the store, which decides how it can be read.
    public var kind: StoreDescription.Kind { StoreDescription.Kind(store.plan.kind) }

    /// Returns the bytes of a key that a person has typed.
    ///
    /// - Throws: `SerdeError` for a text that is not a key.
    public func key(from text: String) throws -> [UInt8] {
        guard let key = store.plan.serdes?.key else {
            throw SerdeError(type: "key of \(store.plan.name)", message: "the store's serdes are not known")
        }
        return try key.bytes(from: text)
    }

    /// Returns an entry as a JSON object: `key`, `value`, and if it has them `window` with `startMs` and `endMs`,
    /// `timestampMs` and `validToMs`.
    public func json(of entry: StoreEntry) -> String {
        json(
            key: entry.key, window: entry.window, value: entry.value, timestampMs: entry.timestampMs,
            validToMs: entry.validToMs)
    }

    func json(
        key: [UInt8], window: Window?, value: [UInt8]?, timestampMs: Int64?, validToMs: Int64? = nil
    ) -> String {
        let serdes = store.plan.serdes
        var text = "{\"key\": "
        text.reserveCapacity(64 + key.count + 2 * (value?.count ?? 0))
        text += serdes?.key.json(of: key) ?? JSONText.base64(key)
        if let window {
            let end = kind == .session ? ", \"endMs\": \(window.endMs)" : ""
            text += ", \"window\": {\"startMs\": \(window.startMs)\(end)}"
        }
        text += ", \"value\": "
        text += value.map { serdes?.value.json(of: $0) ?? JSONText.base64($0) } ?? "null"
        if let timestampMs { text += ", \"timestampMs\": \(timestampMs)" }
        if let validToMs { text += ", \"validToMs\": \(validToMs)" }
        text += "}"
        return text
    }

    // MARK: Key-value stores

    /// The entry of a key, or `nil`; in a versioned store the latest version.
    ///
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func get(_ key: [UInt8]) throws -> StoreEntry? {
        try keyValueStore().get(key).map { entry(key, $0) }
    }

    /// The entries of several keys, in the same order. All entries of one partition are from one commit.
    ///
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func get(_ keys: [[UInt8]]) throws -> [StoreEntry?] {
        let pinned = try QueryableBytesStore(store.pinned()).keyValueStore()
        return try keys.map { key in try pinned.get(key).map { entry(key, $0) } }
    }

    /// The entries of a range of keys, in the order of their bytes; of a versioned store the latest versions.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func entries(
        from lower: [UInt8]? = nil, through upper: [UInt8]? = nil, reversed: Bool = false, limit: Int = .max
    ) throws -> [StoreEntry] {
        try keyValueStore().entries(from: lower, through: upper, reversed: reversed, limit: limit)
            .map { entry($0.key, $0.value) }
    }

    /// The entries whose keys begin with given bytes, in the order of their bytes.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that the keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func entries(
        withPrefix prefix: [UInt8], reversed: Bool = false, limit: Int = .max
    ) throws -> [StoreEntry] {
        try keyValueStore().entries(withPrefix: prefix, reversed: reversed, limit: limit).map {
            entry($0.key, $0.value)
        }
    }

    /// The number of entries of the local partitions, for any kind of store. The entries are counted one by one. Versions
    /// other than the latest do not count.
    ///
    /// - Throws: `StreamsError` like every read of a store.
    public func count() throws -> Int { try store.readers().reduce(0) { try $0 + $1.snapshot().countEntries() } }

    // MARK: Windows and sessions

    /// A key's entries in the windows that start within a range, the oldest first.
    ///
    /// - Parameters:
    ///   - key: the key's bytes, without a window.
    ///   - startsMs: when the windows start, in milliseconds since the epoch.
    ///   - reversed: whether the newest comes first.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func windows(
        of key: [UInt8], starting startsMs: ClosedRange<Int64> = 0...Int64.max, reversed: Bool = false,
        limit: Int = .max
    ) throws -> [StoreEntry] {
        try windowStore().fetch(key, starting: startsMs, reversed: reversed, limit: limit)
            .map { entry(key, $0.value, Window(startMs: $0.startMs, endMs: $0.startMs)) }
    }

    /// The entries of a range of keys in the windows that start within a range; in each partition older segments of time first.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - startsMs: when the windows start, in milliseconds since the epoch.
    ///   - reversed: whether the order is the opposite in each partition.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func windows(
        from lower: [UInt8]? = nil, through upper: [UInt8]? = nil,
        starting startsMs: ClosedRange<Int64> = 0...Int64.max, reversed: Bool = false, limit: Int = .max
    ) throws -> [StoreEntry] {
        try windowStore().fetchAll(from: lower, through: upper, starting: startsMs, reversed: reversed, limit: limit)
            .map { entry($0.key, $0.value, Window(startMs: $0.startMs, endMs: $0.startMs)) }
    }

    /// A key's sessions that overlap a range of time, the oldest first.
    ///
    /// - Parameters:
    ///   - key: the key's bytes, without a session.
    ///   - earliestEndMs: when a session ends at the earliest, in milliseconds since the epoch.
    ///   - latestStartMs: when it starts at the latest, in milliseconds since the epoch.
    ///   - reversed: whether the newest comes first.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func sessions(
        of key: [UInt8], endingAtOrAfter earliestEndMs: Int64 = 0, startingAtOrBefore latestStartMs: Int64 = .max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [StoreEntry] {
        try sessionStore().fetch(
            key, endingAtOrAfter: earliestEndMs, startingAtOrBefore: latestStartMs, reversed: reversed, limit: limit
        ).map { entry(key, $0.value, $0.session) }
    }

    /// The sessions of a range of keys that end within a range; in each partition older segments of time first.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - endsMs: when the sessions end, in milliseconds since the epoch.
    ///   - reversed: whether the order is the opposite in each partition.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func sessions(
        from lower: [UInt8]? = nil, through upper: [UInt8]? = nil,
        ending endsMs: ClosedRange<Int64> = 0...Int64.max, reversed: Bool = false, limit: Int = .max
    ) throws -> [StoreEntry] {
        try sessionStore().fetchAll(from: lower, through: upper, ending: endsMs, reversed: reversed, limit: limit)
            .map { entry($0.key, $0.value, $0.session) }
    }

    // MARK: Versions

    /// The version of a key that was valid at a moment, or `nil`.
    ///
    /// - Parameters:
    ///   - key: the key's bytes.
    ///   - asOfMs: the moment, in milliseconds since the epoch.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func get(_ key: [UInt8], asOfMs: Int64) throws -> StoreEntry? {
        try versionedStore().get(key, asOfMs: asOfMs)
            .map { StoreEntry(key: key, value: $0.value, timestampMs: $0.timestampMs) }
    }

    /// The versions of a key that were valid at some moment of a range, the oldest first.
    ///
    /// - Parameters:
    ///   - key: the key's bytes.
    ///   - timesMs: the range of time, in milliseconds since the epoch.
    ///   - newestFirst: whether the newest version comes first.
    /// - Throws: `StreamsError` with code `.storeMismatch` for another kind of store; otherwise as every read of a store.
    public func versions(
        of key: [UInt8], validWithin timesMs: ClosedRange<Int64> = 0...Int64.max, newestFirst: Bool = false
    ) throws -> [StoreEntry] {
        try versionedStore().versions(of: key, validWithin: timesMs, newestFirst: newestFirst).map {
            StoreEntry(key: key, value: $0.value, timestampMs: $0.validFromMs, validToMs: $0.validToMs)
        }
    }

    // MARK: Commits

    /// Reads the store as of one commit of each partition, on a thread that may block, and returns the position of these
    /// commits.
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, `.positionMismatch`, `.storeUnavailable` or `.storeElsewhere`;
    ///   what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ store: QueryableBytesStore) throws -> Result
    ) async throws -> Committed<Result> {
        try await store.read(reaching: position, within: limit) { try body(QueryableBytesStore($0)) }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread, and returns the position of these
    /// commits.
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    public func readCommit<Result>(
        _ body: (_ store: QueryableBytesStore) throws -> Result
    ) throws -> Committed<Result> {
        let pinned = store.pinned()
        return Committed(value: try body(QueryableBytesStore(pinned)), position: pinned.position)
    }
}

// MARK: The handles below

extension QueryableBytesStore {
    /// The serde of keys as bytes. The bytes of a key's window are not used to choose the partition.
    var keys: Serde<[UInt8]> {
        Serde(
            name: "bytes", serialize: { $1.append(contentsOf: $0) }, deserialize: { Array($0) },
            partitioningSuffixCount: store.plan.serdes?.key.partitioningSuffixCount ?? 0)
    }

    private func keyValueStore() throws -> QueryableKeyValueStore<[UInt8], [UInt8]> {
        try require([.keyValue, .timestampedKeyValue, .versionedKeyValue], "key")
        return QueryableKeyValueStore(store, key: keys, value: .bytes)
    }

    private func windowStore() throws -> QueryableWindowStore<[UInt8], [UInt8]> {
        try require([.window, .timestampedWindow], "window")
        return QueryableWindowStore(store, key: keys, value: .bytes)
    }

    private func sessionStore() throws -> QueryableSessionStore<[UInt8], [UInt8]> {
        try require([.session], "session")
        return QueryableSessionStore(store, key: keys, value: .bytes)
    }

    private func versionedStore() throws -> QueryableVersionedStore<[UInt8], [UInt8]> {
        try require([.versionedKeyValue], "version")
        return QueryableVersionedStore(store, key: keys, value: .bytes)
    }

    private func require(_ kinds: [StoreDescription.Kind], _ what: String) throws {
        if kinds.contains(kind) { return }
        throw StreamsError(
            .storeMismatch, "the store \(store.plan.name) cannot be read by \(what): its kind is \(kind.rawValue)")
    }

    func entry(_ key: [UInt8], _ stored: [UInt8], _ window: Window? = nil) -> StoreEntry {
        guard store.plan.kind.values == .timestamped, stored.count >= 8 else {
            return StoreEntry(key: key, window: window, value: stored)
        }
        let timestampMs = stored.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
        return StoreEntry(key: key, window: window, value: Array(stored.dropFirst(8)), timestampMs: timestampMs)
    }
}

extension StoreQuery {
    /// A store of any kind but custom ones and buffers, as bytes.
    ///
    /// ```swift
    /// let store = try application.store(.bytes("risk-store"))
    /// ```
    public static func bytes(_ name: String) -> StoreQuery where Store == QueryableBytesStore {
        StoreQuery(name, .bytes) { QueryableBytesStore($0) }
    }
}
