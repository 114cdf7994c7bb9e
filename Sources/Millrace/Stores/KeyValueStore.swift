/// A typed view of a key-value store without timestamps, as processors use it.
///
/// ```swift
/// try store.put("a", 1)
/// try store.putIfAbsent("a", 2)  // stays 1
/// let value = try store.get("a")
/// let first = try store.entries(limit: 10)
/// let count = try store.count()
/// try store.delete("a")
/// ```
///
/// A view belongs to the task that made it and must not leave its thread. Kafka: `KeyValueStore`.
public struct KeyValueStore<Key, Value> {
    @usableFromInline let bytes: any KeyValueBytesStore
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>
    /// The node whose record's timestamp the changelog gets; `nil` outside of a topology.
    @usableFromInline let node: ProcessorNode?
    @usableFromInline let scratch = Scratch()

    @usableFromInline
    package init(_ bytes: any KeyValueBytesStore, key: Serde<Key>, value: Serde<Value>, node: ProcessorNode?) {
        self.bytes = bytes
        self.keySerde = key
        self.valueSerde = value
        self.node = node
    }

    /// The value of a key, or `nil`.
    ///
    /// - Throws: `SerdeError` if the stored bytes are not a value of the type; the store's own errors.
    @inlinable
    public func get(_ key: Key) throws -> Value? {
        scratch.key.removeAll(keepingCapacity: true)
        try keySerde.serialize(key, into: &scratch.key)
        var found: Value?
        try scratch.key.withUnsafeBytes { keyBytes in
            try bytes.withValue(forKey: keyBytes) { valueBytes in
                if let valueBytes { found = try valueSerde.deserialize(valueBytes) }
            }
        }
        return found
    }

    /// Sets the value of a key, or deletes it with a value of `nil`.
    ///
    /// The changelog's record gets the timestamp of the record or the punctuation that is being processed.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value; `nil` deletes the key.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read or
    ///   written.
    @inlinable
    public func put(_ key: Key, _ value: Value?) throws {
        scratch.key.removeAll(keepingCapacity: true)
        try keySerde.serialize(key, into: &scratch.key)
        try scratch.serialize(value, valueSerde) { keyBytes, valueBytes in
            try bytes.put(key: keyBytes, value: valueBytes, timestampMs: node?.timestampMs ?? 0)
        }
    }

    /// Sets the value of a key that has none. Returns the present value, or `nil` if it was set.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read or
    ///   written.
    @inlinable
    @discardableResult
    public func putIfAbsent(_ key: Key, _ value: Value) throws -> Value? {
        if let present = try get(key) { return present }
        try put(key, value)
        return nil
    }

    /// Sets the values of several keys. Kafka: `putAll`.
    ///
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read or
    ///   written.
    public func put(_ entries: some Sequence<(key: Key, value: Value?)>) throws {
        for (key, value) in entries { try put(key, value) }
    }

    /// Deletes a key. Returns the value that it had.
    ///
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read or
    ///   written.
    @inlinable
    @discardableResult
    public func delete(_ key: Key) throws -> Value? {
        guard let value = try get(key) else { return nil }
        try put(key, nil)
        return value
    }

    /// The entries in the order of the keys' bytes. They are read before the call returns, so the store may be changed while
    /// you use them. If there may be many, give a limit or use `scan`. Kafka: `range`, `reverseRange`, `all`, `reverseAll`.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many entries at most.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func entries(
        from lower: Key? = nil, through upper: Key? = nil, reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, value: Value)] {
        try bytes.entries(
            from: lower.map(keySerde.bytes), to: upper.map(keySerde.bytes)?.successor, reversed: reversed, limit: limit,
            decode)
    }

    /// The entries whose keys' bytes begin with given bytes. Kafka: `prefixScan`.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many at most; all by default.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func entries(
        withPrefix prefix: [UInt8], reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, value: Value)] {
        try bytes.entries(from: prefix, to: prefix.endOfPrefix, reversed: reversed, limit: limit, decode)
    }

    /// Calls `body` for the entries in the order of the keys' bytes, until it returns `false`.
    ///
    /// ```swift
    /// try store.scan(from: "a", reversed: true) { key, value in
    ///     if value < lowest { try store.put(key, nil) }
    ///     return key != stop
    /// }
    /// ```
    ///
    /// However many entries there are, they are read a few at a time, and nothing stays open between the calls, so `body`
    /// may change the store. The scan may or may not see changes further on in the range. Kafka: `range`, `reverseRange`,
    /// `all`, `reverseAll`, whose iterators have to be closed.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the last key comes first; the range is then read from its end.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func scan(
        from lower: Key? = nil, through upper: Key? = nil, reversed: Bool = false,
        _ body: (_ key: Key, _ value: Value) throws -> Bool
    ) throws {
        try bytes.walk(
            from: lower.map(keySerde.bytes), to: upper.map(keySerde.bytes)?.successor, reversed: reversed
        ) { try body(try keySerde.deserialize($0), try valueSerde.deserialize($1)) }
    }

    /// Calls `body` for the entries whose keys' bytes begin with given bytes, until it returns `false`. Kafka: `prefixScan`.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func scan(
        withPrefix prefix: [UInt8], reversed: Bool = false, _ body: (_ key: Key, _ value: Value) throws -> Bool
    ) throws {
        try bytes.walk(from: prefix, to: prefix.endOfPrefix, reversed: reversed) {
            try body(try keySerde.deserialize($0), try valueSerde.deserialize($1))
        }
    }

    /// The number of entries. They are counted one by one. Kafka: `approximateNumEntries`.
    ///
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func count() throws -> Int { try bytes.countEntries() }

    /// The same store, read-only.
    public var readOnly: ReadOnlyKeyValueStore<Key, Value> { ReadOnlyKeyValueStore(self) }

    private func decode(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws -> (key: Key, value: Value) {
        (try keySerde.deserialize(key), try valueSerde.deserialize(value))
    }
}

/// A read-only typed view of a key-value store. Kafka: `ReadOnlyKeyValueStore`.
///
/// ```swift
/// let limits = try context.store(limits).readOnly
/// let limit = try limits.get("acct-1")
/// let first = try limits.entries(limit: 10)
/// try limits.scan(withPrefix: Array("acct-".utf8)) { account, limit in limit < 1_000 }
/// let count = try limits.count()
/// ```
public struct ReadOnlyKeyValueStore<Key, Value> {
    @usableFromInline let store: KeyValueStore<Key, Value>

    init(_ store: KeyValueStore<Key, Value>) { self.store = store }

    /// The value of a key, or `nil`.
    ///
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func get(_ key: Key) throws -> Value? { try store.get(key) }

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
    ) throws -> [(key: Key, value: Value)] {
        try store.entries(from: lower, through: upper, reversed: reversed, limit: limit)
    }

    /// The entries whose keys' bytes begin with given bytes.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many at most; all by default.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func entries(
        withPrefix prefix: [UInt8], reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, value: Value)] {
        try store.entries(withPrefix: prefix, reversed: reversed, limit: limit)
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
        _ body: (_ key: Key, _ value: Value) throws -> Bool
    ) throws {
        try store.scan(from: lower, through: upper, reversed: reversed, body)
    }

    /// Calls `body` for the entries whose keys' bytes begin with given bytes, until it returns `false`.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func scan(
        withPrefix prefix: [UInt8], reversed: Bool = false, _ body: (_ key: Key, _ value: Value) throws -> Bool
    ) throws {
        try store.scan(withPrefix: prefix, reversed: reversed, body)
    }

    /// The number of entries. They are counted one by one.
    ///
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    public func count() throws -> Int { try store.count() }
}
