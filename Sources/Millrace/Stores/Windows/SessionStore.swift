/// A typed view of a session store: values by key and session.
///
/// ```swift
/// let session = Window(startMs: 1_000, endMs: 5_000)
/// try visits.put("user-1", 3, session: session, timestampMs: 5_000)
/// let visit = try visits.fetch("user-1", session)
/// let latest = try visits.fetch("user-1", endingAtOrAfter: 4_000)
/// try visits.fetchAll(ending: 0...10_000) { user, session, count in count > 0 }
/// ```
///
/// The keys' bytes are those of Kafka's `SessionKeySchema`: the key, 8 bytes of the session's end and 8 of its start, big
/// endian. A session that ended before the store's retention is dropped with its segment of time. A view belongs to the task
/// that made it and must not leave its thread. Kafka: `SessionStore`.
public struct SessionStore<Key, Value> {
    @usableFromInline let bytes: any OrderedBytesStore
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>
    @usableFromInline let scratch = Scratch()
    @usableFromInline let waiting = Scratch()

    @usableFromInline
    package init(_ bytes: any OrderedBytesStore, key: Serde<Key>, value: Serde<Value>) {
        self.bytes = bytes
        self.keySerde = key
        self.valueSerde = value
    }

    /// The value of one session, or `nil`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - session: the session, given by the times of its first and last record.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func fetch(_ key: Key, _ session: Window) throws -> Value? {
        try setKey(key, session)
        return try scratch.value(in: bytes, valueSerde)
    }

    /// The sessions of a key that end at or after one moment and start at or before another one, ordered by their ends.
    /// Kafka: `fetch`, `findSessions`, `backwardFetch`, `backwardFindSessions`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - earliestEndMs: when a session ends at the earliest, in milliseconds since the epoch; 0 by default.
    ///   - latestStartMs: when a session starts at the latest, in milliseconds since the epoch; no bound by default.
    ///   - reversed: whether the session that ends last comes first; the range is then read from its end.
    ///   - limit: how many at most.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func fetch(
        _ key: Key, endingAtOrAfter earliestEndMs: Int64 = 0, startingAtOrBefore latestStartMs: Int64 = .max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [(session: Window, value: Value)] {
        var found: [(session: Window, value: Value)] = []
        guard limit > 0 else { return found }
        try fetch(
            key, endingAtOrAfter: earliestEndMs, startingAtOrBefore: latestStartMs, reversed: reversed
        ) { session, value in
            found.append((session, value))
            return found.count < limit
        }
        return found
    }

    /// Calls `body` for the sessions of a key that end at or after one moment and start at or before another one, ordered by
    /// their ends, until it returns `false`.
    ///
    /// However many sessions there are, they are read a few at a time; `body` may change the store. Kafka: `findSessions`,
    /// `backwardFindSessions`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - earliestEndMs: when a session ends at the earliest, in milliseconds since the epoch; 0 by default.
    ///   - latestStartMs: when a session starts at the latest, in milliseconds since the epoch; no bound by default.
    ///   - reversed: whether the session that ends last comes first.
    ///   - body: gets session and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func fetch(
        _ key: Key, endingAtOrAfter earliestEndMs: Int64 = 0, startingAtOrBefore latestStartMs: Int64 = .max,
        reversed: Bool = false, _ body: (_ session: Window, _ value: Value) throws -> Bool
    ) throws {
        let ends = max(0, earliestEndMs)...Int64.max
        try setKey(key, Window(startMs: 0, endMs: ends.lowerBound))
        var bounds = KeyPair(scratch.key)
        try setKey(key, Window(startMs: .max, endMs: .max))
        try bounds.withUpper(scratch.key) { lower, upper in
            try bytes.scan(times: ends, from: lower, through: upper, reversed: reversed) { keyBytes, value in
                guard keyBytes.count == lower.count else { return true }
                let session = SessionKey.session(of: keyBytes)
                guard session.startMs <= latestStartMs else { return true }
                return try body(session, try valueSerde.deserialize(value))
            }
        }
    }

    /// Calls `body` for the sessions of all keys, or of a range of them, that end within a range, until it returns `false`.
    ///
    /// If the store has an index by time, the order is that of time; otherwise it is that of the keys within each of the
    /// store's segments of time. Sessions are read a few at a time; `body` may change the store. Kafka:
    /// `SessionStore.findSessions`, `fetch` of a range of keys, and their `backward` forms.
    ///
    /// - Parameters:
    ///   - lower: the first key, by its bytes; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - endsMs: the range within which the sessions end.
    ///   - byTime: whether the order is that of time, for a store with an index by time.
    ///   - reversed: whether the order is inverted.
    ///   - body: gets key, session and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func fetchAll(
        from lower: Key? = nil, through upper: Key? = nil, ending endsMs: ClosedRange<Int64> = 0...Int64.max,
        byTime: Bool = false, reversed: Bool = false,
        _ body: (_ key: Key, _ session: Window, _ value: Value) throws -> Bool
    ) throws {
        try fetchAllBytes(from: lower, through: upper, ending: endsMs, byTime: byTime, reversed: reversed) {
            try body(try keySerde.deserialize($0), $1, try valueSerde.deserialize($2))
        }
    }

    /// Does the same with the bytes of keys and values, which may not be readable.
    @usableFromInline
    func fetchAllBytes(
        from lower: Key? = nil, through upper: Key? = nil, ending endsMs: ClosedRange<Int64>, byTime: Bool,
        reversed: Bool = false,
        _ body: (_ key: UnsafeRawBufferPointer, _ session: Window, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let range = TimedKeyRange(
            from: try lower.map(keySerde.bytes), through: try upper.map(keySerde.bytes),
            suffixCount: SessionKey.suffixCount)
        try range.scan(bytes, times: endsMs, byTime: byTime, reversed: reversed) { key, timed, value in
            try body(key, SessionKey.session(of: timed), value)
        }
    }

    /// Sets the value of a session, or deletes it with a value of `nil`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value; `nil` deletes the session.
    ///   - session: the session, given by the times of its first and last record.
    ///   - timestampMs: the timestamp of the changelog's record.
    /// - Throws: `StreamsError` with code `.invalidTimestamp` if the session's start or end or the timestamp is
    ///   negative; the serdes' and the store's own errors.
    @inlinable
    public func put(_ key: Key, _ value: Value?, session: Window, timestampMs: Int64) throws {
        try checkTimestamp(min(session.startMs, session.endMs, timestampMs))
        try serialize(key, value, session) { keyBytes, valueBytes in
            try bytes.put(key: keyBytes, value: valueBytes, timestampMs: timestampMs)
        }
    }

    /// Puts a value with the record that caused it, for a store whose changes wait for the next commit.
    @inlinable
    func put(_ key: Key, _ value: Value?, session: Window, origin: CachingKeyValueStore.Origin) throws {
        try serialize(key, value, session) { keyBytes, valueBytes in
            try bytes.put(key: keyBytes, value: valueBytes, timestampMs: origin.timestampMs, origin: origin)
        }
    }

    /// A value whose bytes wait in the store to be put.
    @usableFromInline
    struct Serialized {
        @usableFromInline let isNull: Bool

        @usableFromInline
        init(isNull: Bool) { self.isNull = isNull }
    }

    /// Serialises a value that is to be put after other changes. The bytes stay valid until this is called again.
    @inlinable
    func serialize(_ value: Value?) throws -> Serialized {
        waiting.value.removeAll(keepingCapacity: true)
        if let value { try valueSerde.serialize(value, into: &waiting.value) }
        return Serialized(isNull: value == nil)
    }

    /// Puts the value that was serialised last.
    @inlinable
    func put(
        _ key: Key, _ value: Serialized, session: Window, origin: CachingKeyValueStore.Origin
    ) throws {
        try setKey(key, session)
        try scratch.key.withUnsafeBytes { keyBytes in
            try waiting.value.withUnsafeBytes { valueBytes in
                try bytes.put(
                    key: keyBytes, value: value.isNull ? nil : valueBytes, timestampMs: origin.timestampMs,
                    origin: origin)
            }
        }
    }

    @inlinable
    func serialize(
        _ key: Key, _ value: Value?, _ session: Window,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try setKey(key, session)
        try scratch.serialize(value, valueSerde, body)
    }

    @inlinable
    func setKey(_ key: Key, _ session: Window) throws {
        scratch.key.removeAll(keepingCapacity: true)
        try keySerde.serialize(key, into: &scratch.key)
        SessionKey.append(session, to: &scratch.key)
    }
}

/// The bytes after a key in a session store.
@usableFromInline
package enum SessionKey {
    @usableFromInline package static let suffixCount = 16

    @inlinable
    package static func append(_ session: Window, to buffer: inout [UInt8]) {
        withUnsafeBytes(of: session.endMs.bigEndian) { buffer.append(contentsOf: $0) }
        withUnsafeBytes(of: session.startMs.bigEndian) { buffer.append(contentsOf: $0) }
    }

    @inlinable
    package static func session(of bytes: UnsafeRawBufferPointer) -> Window {
        guard bytes.count >= suffixCount else { return Window(startMs: 0, endMs: 0) }
        let end = bytes.loadUnaligned(fromByteOffset: bytes.count - 16, as: Int64.self)
        let start = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: Int64.self)
        return Window(startMs: Int64(bigEndian: start), endMs: Int64(bigEndian: end))
    }

    @inlinable
    package static func key(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes.dropLast(suffixCount))
    }
}
