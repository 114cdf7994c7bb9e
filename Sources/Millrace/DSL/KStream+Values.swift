extension KStream {
    /// Turns each value into another one, or into a tombstone for `nil`; a tombstone stays one.
    ///
    /// ```swift
    /// payments.mapValues { payment in payment.amount }
    /// ```
    @inlinable
    public func mapValues<NewValue>(
        named name: String? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Value) throws -> NewValue?
    ) -> KStream<Key, NewValue> {
        mapRecordValues(named: name, value: value) { record in try record.value.flatMap(transform) }
    }

    /// Turns each value into another one, with a look at the key.
    ///
    /// ```swift
    /// payments.mapValues { account, payment in "\(account ?? "nobody") paid \(payment.amount)" }
    /// ```
    @inlinable
    public func mapValues<NewValue>(
        named name: String? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Key?, Value) throws -> NewValue?
    ) -> KStream<Key, NewValue> {
        mapRecordValues(named: name, value: value) { record in
            try record.value.flatMap { try transform(record.key, $0) }
        }
    }

    /// Gives each record, tombstones among them, a new value made of the whole record.
    ///
    /// ```swift
    /// readings.mapRecordValues { record in record.value ?? .missing(at: record.timestampMs) }
    /// ```
    @inlinable
    public func mapRecordValues<NewValue>(
        named name: String? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Record<Key, Value>) throws -> NewValue?
    ) -> KStream<Key, NewValue> {
        adding(
            name, "KSTREAM-MAPVALUES-", role: .changesValue, key: keySerde, value: value ?? .ofType
        ) { name in .map(name: name) { record in record.with(value: try transform(record)) } }
    }

    /// Makes any number of records of each value, all under its key; a tombstone gives none.
    ///
    /// ```swift
    /// lines.flatMapValues { line in line.split(separator: " ").map(String.init) }
    /// ```
    @inlinable
    public func flatMapValues<NewValue>(
        named name: String? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Value) throws -> [NewValue]
    ) -> KStream<Key, NewValue> {
        flatMapValues(named: name, value: value, parts: { record in try record.value.map(transform) })
    }

    /// Makes any number of records of each value, with a look at the key.
    @inlinable
    public func flatMapValues<NewValue>(
        named name: String? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Key?, Value) throws -> [NewValue]
    ) -> KStream<Key, NewValue> {
        flatMapValues(
            named: name, value: value,
            parts: { record in
                try record.value.map { try transform(record.key, $0) }
            })
    }

    @inlinable
    func flatMapValues<NewValue>(
        named name: String?, value: Serde<NewValue>?,
        parts: @escaping @Sendable (Record<Key, Value>) throws -> [NewValue]?
    ) -> KStream<Key, NewValue> {
        adding(
            name, "KSTREAM-FLATMAPVALUES-", role: .changesValue, key: keySerde, value: value ?? .ofType
        ) { name in
            .flatMap(name: name, parts, combine: { record, part in record.with(value: part) })
        }
    }
}
