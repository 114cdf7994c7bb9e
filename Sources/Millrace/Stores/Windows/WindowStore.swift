/// A typed view of a window store: values by key and the start of a window.
///
/// ```swift
/// try views.put("/home", 1, startMs: 60_000, timestampMs: 61_000)
/// let minute = try views.fetch("/home", startMs: 60_000)
/// let hour = try views.fetch("/home", starting: 0...3_600_000)
/// try views.fetchAll(starting: 0...3_600_000) { page, startMs, count in count > 0 }
/// ```
///
/// The keys' bytes are those of Kafka's `WindowKeySchema`: the key, 8 bytes of the window's start and 4 of a sequence
/// number, big endian. A window that is older than the store's retention is dropped, at the latest with its segment of time.
/// A view belongs to the task that made it and must not leave its thread. Kafka: `WindowStore`; with `ValueAndTimestamp`
/// values, `TimestampedWindowStore`.
public struct WindowStore<Key, Value> {
    @usableFromInline let bytes: any OrderedBytesStore
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>
    @usableFromInline let retainsDuplicates: Bool
    @usableFromInline let scratch = Scratch()

    /// - Parameter retainsDuplicates: whether a put never replaces an entry with the same key and window, as for joins.
    @usableFromInline
    package init(
        _ bytes: any OrderedBytesStore, key: Serde<Key>, value: Serde<Value>, retainsDuplicates: Bool = false
    ) {
        self.bytes = bytes
        self.keySerde = key
        self.valueSerde = value
        self.retainsDuplicates = retainsDuplicates
    }

    /// The value of a key in the window that starts at a moment, or `nil`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - startMs: the window's start, in milliseconds since the epoch.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func fetch(_ key: Key, startMs: Int64) throws -> Value? {
        try setKey(key, startMs: startMs, sequenceNumber: 0)
        return try scratch.value(in: bytes, valueSerde)
    }

    /// The values of a key in the windows that start within a range, the oldest first. Kafka: `fetch`, `backwardFetch`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - startsMs: the range that windows start in, in milliseconds since the epoch.
    ///   - reversed: whether the newest comes first; the range is then read from its end.
    ///   - limit: how many at most.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func fetch(
        _ key: Key, starting startsMs: ClosedRange<Int64>, reversed: Bool = false, limit: Int = .max
    ) throws -> [(startMs: Int64, value: Value)] {
        var found: [(startMs: Int64, value: Value)] = []
        guard limit > 0 else { return found }
        try fetch(key, starting: startsMs, reversed: reversed) { startMs, value in
            found.append((startMs, value))
            return found.count < limit
        }
        return found
    }

    /// Calls `body` for the windows of a key that start within a range, the oldest first, until it returns `false`.
    ///
    /// However many windows there are, they are read a few at a time; `body` may change the store. Kafka: `fetch`,
    /// `backwardFetch`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - startsMs: the range that windows start in, in milliseconds since the epoch.
    ///   - reversed: whether the newest comes first.
    ///   - body: gets the window's start and the value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func fetch(
        _ key: Key, starting startsMs: ClosedRange<Int64>, reversed: Bool = false,
        _ body: (_ startMs: Int64, _ value: Value) throws -> Bool
    ) throws {
        guard startsMs.upperBound >= 0 else { return }
        let starts = max(0, startsMs.lowerBound)...startsMs.upperBound
        try setKey(key, startMs: starts.lowerBound, sequenceNumber: 0)
        var bounds = KeyPair(scratch.key)
        try setKey(key, startMs: starts.upperBound, sequenceNumber: .max)
        try bounds.withUpper(scratch.key) { lower, upper in
            try bytes.scan(times: starts, from: lower, through: upper, reversed: reversed) { keyBytes, value in
                // Longer keys that begin with the same bytes may be between a key's windows.
                guard keyBytes.count == lower.count, !WindowKey.isRemembered(keyBytes) else { return true }
                return try body(WindowKey.startMs(of: keyBytes), try valueSerde.deserialize(value))
            }
        }
    }

    /// Calls `body` for the windows of all keys, or of a range of them, that start within a range, until it returns `false`.
    ///
    /// If the store has an index by time, as that of a result emitted when its window closes has, the order is that of time;
    /// otherwise it is that of the keys within each of the store's segments of time. Windows are read a few at a time;
    /// `body` may change the store. Kafka: `WindowStore.fetchAll`, `fetch` of a range of keys, `all`, and their `backward`
    /// forms.
    ///
    /// - Parameters:
    ///   - lower: the first key, by its bytes; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - startsMs: the range within which the windows start.
    ///   - byTime: whether the order is that of time, for a store with an index by time.
    ///   - reversed: whether the order is inverted.
    ///   - body: gets key, window's start and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func fetchAll(
        from lower: Key? = nil, through upper: Key? = nil, starting startsMs: ClosedRange<Int64> = 0...Int64.max,
        byTime: Bool = false, reversed: Bool = false,
        _ body: (_ key: Key, _ startMs: Int64, _ value: Value) throws -> Bool
    ) throws {
        try fetchAllBytes(from: lower, through: upper, starting: startsMs, byTime: byTime, reversed: reversed) {
            try body(try keySerde.deserialize($0), $1, try valueSerde.deserialize($2))
        }
    }

    /// Does the same with the bytes of keys and values, which may not be readable.
    @usableFromInline
    func fetchAllBytes(
        from lower: Key? = nil, through upper: Key? = nil, starting startsMs: ClosedRange<Int64>, byTime: Bool,
        reversed: Bool = false,
        _ body: (_ key: UnsafeRawBufferPointer, _ startMs: Int64, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let range = TimedKeyRange(
            from: try lower.map(keySerde.bytes), through: try upper.map(keySerde.bytes),
            suffixCount: WindowKey.suffixCount)
        try range.scan(bytes, times: startsMs, byTime: byTime, reversed: reversed) { key, timed, value in
            if WindowKey.isRemembered(timed) { return true }
            return try body(key, WindowKey.startMs(of: timed), value)
        }
    }

    /// Sets the value of a key in a window, or deletes it with a value of `nil`.
    ///
    /// A deletion cannot say which of several duplicates it means. It deletes none of them, but is in the changelog, as in
    /// Kafka.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value; `nil` deletes it.
    ///   - startMs: the window's start, in milliseconds since the epoch.
    ///   - timestampMs: the timestamp of the changelog's record.
    /// - Throws: `StreamsError` with code `.invalidTimestamp` if the start or the timestamp is negative; the serdes'
    ///   and the store's own errors.
    @inlinable
    public func put(_ key: Key, _ value: Value?, startMs: Int64, timestampMs: Int64) throws {
        try serialize(key, value, into: scratch)
        try putSerialized(in: scratch, isNull: value == nil, startMs: startMs, timestampMs: timestampMs)
    }

    /// Serialises a value that is to be put later.
    @inlinable
    func serialize(_ key: Key, _ value: Value?, into scratch: Scratch) throws {
        scratch.key.removeAll(keepingCapacity: true)
        scratch.value.removeAll(keepingCapacity: true)
        try keySerde.serialize(key, into: &scratch.key)
        if let value { try valueSerde.serialize(value, into: &scratch.value) }
    }

    /// Puts a value that was serialised earlier.
    @inlinable
    func putSerialized(in scratch: Scratch, isNull: Bool, startMs: Int64, timestampMs: Int64) throws {
        try checkTimestamp(min(startMs, timestampMs))
        WindowKey.append(
            startMs: startMs, sequenceNumber: retainsDuplicates ? bytes.nextSequenceNumber() : 0, to: &scratch.key)
        try scratch.key.withUnsafeBytes { keyBytes in
            if isNull, retainsDuplicates { return try bytes.logDeletion(key: keyBytes, timestampMs: timestampMs) }
            try scratch.value.withUnsafeBytes { valueBytes in
                try bytes.put(key: keyBytes, value: isNull ? nil : valueBytes, timestampMs: timestampMs)
            }
        }
    }

    /// Puts a value with the record that caused it, for a store whose changes wait for the next commit.
    @inlinable
    func put(
        _ key: Key, _ value: Value?, startMs: Int64, timestampMs: Int64, origin: CachingKeyValueStore.Origin
    ) throws {
        try serialize(key, value, startMs: startMs) { keyBytes, valueBytes in
            try bytes.put(key: keyBytes, value: valueBytes, timestampMs: timestampMs, origin: origin)
        }
    }

    /// Puts a value whose bytes were made earlier.
    ///
    /// - Parameters:
    ///   - value: the value's bytes; `nil` deletes the entry.
    ///   - sequenceNumber: by default 0, or the next one in a store with duplicates.
    @inlinable
    func put(
        _ key: Key, serialized value: UnsafeRawBufferPointer?, startMs: Int64, sequenceNumber: Int32? = nil,
        timestampMs: Int64, origin: CachingKeyValueStore.Origin
    ) throws {
        try setKey(
            key, startMs: startMs,
            sequenceNumber: sequenceNumber ?? (retainsDuplicates ? bytes.nextSequenceNumber() : 0))
        try scratch.key.withUnsafeBytes { keyBytes in
            try bytes.put(key: keyBytes, value: value, timestampMs: timestampMs, origin: origin)
        }
    }

    @inlinable
    func serialize(
        _ key: Key, _ value: Value?, startMs: Int64,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try setKey(key, startMs: startMs, sequenceNumber: retainsDuplicates ? bytes.nextSequenceNumber() : 0)
        try scratch.serialize(value, valueSerde, body)
    }

    @inlinable
    func setKey(_ key: Key, startMs: Int64, sequenceNumber: Int32) throws {
        scratch.key.removeAll(keepingCapacity: true)
        try keySerde.serialize(key, into: &scratch.key)
        WindowKey.append(startMs: startMs, sequenceNumber: sequenceNumber, to: &scratch.key)
    }
}
