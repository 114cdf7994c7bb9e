/// A typed view of a key-value store whose values carry timestamps.
///
/// ```swift
/// try counts.put("a", 1, timestampMs: 1_000)
/// let count = try counts.get("a")  // with its timestamp
/// let some = try counts.entries(from: "a", through: "b")
/// try counts.scan(from: "a") { key, count in count.timestampMs < 2_000 }
/// ```
///
/// The bytes are those of Kafka's `ValueAndTimestampSerializer`: 8 bytes of milliseconds, big endian, then the value.
/// A view belongs to the task that made it and must not leave its thread.
public struct TimestampedKeyValueStore<Key, Value> {
    @usableFromInline let bytes: any KeyValueBytesStore
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>
    @usableFromInline let scratch = Scratch()

    @usableFromInline
    package init(_ bytes: any KeyValueBytesStore, key: Serde<Key>, value: Serde<Value>) {
        self.bytes = bytes
        self.keySerde = key
        self.valueSerde = value
    }

    /// The value of a key with its timestamp, or `nil`.
    ///
    /// - Throws: `SerdeError` if the stored bytes are not a value of the type; the store's own errors.
    @inlinable
    public func get(_ key: Key) throws -> ValueAndTimestamp<Value>? {
        scratch.key.removeAll(keepingCapacity: true)
        try keySerde.serialize(key, into: &scratch.key)
        var found: ValueAndTimestamp<Value>?
        try scratch.key.withUnsafeBytes { keyBytes in
            try bytes.withValue(forKey: keyBytes) { valueBytes in
                if let valueBytes { found = try Self.decode(valueBytes, valueSerde) }
            }
        }
        return found
    }

    /// Sets the value of a key, or deletes it with a value of `nil`; the changelog gets the timestamp either way.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value; `nil` deletes the key.
    ///   - timestampMs: milliseconds since the epoch.
    /// - Throws: `StreamsError` with code `.invalidTimestamp` if the timestamp is negative; the serdes' and the
    ///   store's own errors.
    @inlinable
    public func put(_ key: Key, _ value: Value?, timestampMs: Int64) throws {
        try checkTimestamp(timestampMs)
        try put(key, value, timestampMs: timestampMs, isKeyRead: false)
    }

    /// - Parameter isKeyRead: whether the last call was a `get` of the same key, so that its bytes are still in the buffer.
    @inlinable
    func put(_ key: Key, _ value: Value?, timestampMs: Int64, isKeyRead: Bool) throws {
        // Not through `self`, which the closure would copy with all its serdes.
        let bytes = bytes
        try serialize(key, value, timestampMs: timestampMs, isKeyRead: isKeyRead) { keyBytes, valueBytes in
            try bytes.put(key: keyBytes, value: valueBytes, timestampMs: timestampMs)
        }
    }

    /// Puts a value into the cache that this view belongs to, with the record that caused it.
    @inlinable
    func put(
        _ key: Key, _ value: Value?, timestampMs: Int64, to cache: CachingKeyValueStore,
        origin: CachingKeyValueStore.Origin
    ) throws {
        try serialize(key, value, timestampMs: timestampMs) { keyBytes, valueBytes in
            cache.put(
                key: keyBytes, value: valueBytes, timestampMs: value == nil ? origin.timestampMs : timestampMs,
                origin: origin)
        }
    }

    @inlinable
    func serialize(
        _ key: Key, _ value: Value?, timestampMs: Int64, isKeyRead: Bool = false,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        if !isKeyRead {
            scratch.key.removeAll(keepingCapacity: true)
            try keySerde.serialize(key, into: &scratch.key)
        }
        scratch.value.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: timestampMs.bigEndian) { scratch.value.append(contentsOf: $0) }
        if let value { try valueSerde.serialize(value, into: &scratch.value) }
        try scratch.key.withUnsafeBytes { keyBytes in
            try scratch.value.withUnsafeBytes { valueBytes in try body(keyBytes, value == nil ? nil : valueBytes) }
        }
    }

    /// Calls `body` for the entries in the order of the keys' bytes, until it returns `false`; see `KeyValueStore.scan`.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the last key comes first.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func scan(
        from lower: Key? = nil, through upper: Key? = nil, reversed: Bool = false,
        _ body: (_ key: Key, _ value: ValueAndTimestamp<Value>) throws -> Bool
    ) throws {
        try bytes.walk(
            from: lower.map(keySerde.bytes), to: upper.map(keySerde.bytes)?.successor, reversed: reversed
        ) { try body(try keySerde.deserialize($0), try Self.decode($1, valueSerde)) }
    }

    /// Calls `body` for the entries whose keys' bytes begin with given bytes, until it returns `false`. Kafka: `prefixScan`.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func scan(
        withPrefix prefix: [UInt8], reversed: Bool = false,
        _ body: (_ key: Key, _ value: ValueAndTimestamp<Value>) throws -> Bool
    ) throws {
        try bytes.walk(from: prefix, to: prefix.endOfPrefix, reversed: reversed) {
            try body(try keySerde.deserialize($0), try Self.decode($1, valueSerde))
        }
    }

    /// Calls `body` for the entries whose keys' bytes are from `lower` up to but excluding `upper`, until it returns
    /// `false`. `body` does not change the store.
    @usableFromInline
    package func scan(
        bytesFrom lower: [UInt8], to upper: [UInt8]?, _ body: (Key, ValueAndTimestamp<Value>) throws -> Bool
    ) throws {
        try bytes.scan(from: lower, to: upper) { keyBytes, valueBytes in
            try body(try keySerde.deserialize(keyBytes), try Self.decode(valueBytes, valueSerde))
        }
    }

    /// The entries in the order of the keys' bytes; see `KeyValueStore.entries`.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many at most; all by default.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func entries(
        from lower: Key? = nil, through upper: Key? = nil, reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, value: ValueAndTimestamp<Value>)] {
        try bytes.entries(
            from: lower.map(keySerde.bytes), to: upper.map(keySerde.bytes)?.successor, reversed: reversed, limit: limit
        ) { key, value in (try keySerde.deserialize(key), try Self.decode(value, valueSerde)) }
    }

    @inlinable
    static func decode(_ bytes: UnsafeRawBufferPointer, _ serde: Serde<Value>) throws -> ValueAndTimestamp<Value> {
        guard bytes.count >= 8 else {
            throw SerdeError(
                type: "timestamped \(serde.name)", message: "\(bytes.count) bytes, fewer than a timestamp's 8")
        }
        let timestampMs = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        let value = try serde.deserialize(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(8)))
        return ValueAndTimestamp(value: value, timestampMs: timestampMs)
    }
}

/// Buffers that are reused from call to call.
///
/// They are behind pointers: as properties of a class, each access would be checked for overlapping with another, which
/// takes 20 ns.
@usableFromInline
final class Scratch {
    @usableFromInline let keyCell = Cell<[UInt8]>([])
    @usableFromInline let valueCell = Cell<[UInt8]>([])

    @usableFromInline init() {}

    @inlinable var key: [UInt8] {
        _read { yield keyCell.value.pointee }
        _modify { yield &keyCell.value.pointee }
    }

    @inlinable var value: [UInt8] {
        _read { yield valueCell.value.pointee }
        _modify { yield &valueCell.value.pointee }
    }

    /// Returns the value that a store has for the key in the buffer.
    @inlinable
    func value<Value>(in store: any OrderedBytesStore, _ serde: Serde<Value>) throws -> Value? {
        var found: Value?
        try key.withUnsafeBytes { keyBytes in
            try store.withValue(forKey: keyBytes) { value in
                if let value { found = try serde.deserialize(value) }
            }
        }
        return found
    }

    /// Calls `body` with the bytes of the key in the buffer and those of a value.
    @inlinable
    func serialize<Value>(
        _ value: Value?, _ serde: Serde<Value>,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        self.value.removeAll(keepingCapacity: true)
        if let value { try serde.serialize(value, into: &self.value) }
        try key.withUnsafeBytes { keyBytes in
            try self.value.withUnsafeBytes { valueBytes in try body(keyBytes, value == nil ? nil : valueBytes) }
        }
    }
}
