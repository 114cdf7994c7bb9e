extension KStream {
    /// Gives each record a new key and value; a tombstone is dropped, for it has nothing to make them of.
    ///
    /// ```swift
    /// payments.map { _, payment in (payment.account, payment.amount) }
    /// ```
    ///
    /// The records go through a repartition topic before the next operation that needs all records of a key together.
    @inlinable
    public func map<NewKey, NewValue>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Key?, Value) throws -> (NewKey?, NewValue?)
    ) -> KStream<NewKey, NewValue> {
        mapRecords(named: name, key: key, value: value) { record in
            try record.value.map { value in
                let (newKey, newValue) = try transform(record.key, value)
                return record.with(key: newKey).with(value: newValue)
            }
        }
    }

    /// Gives each record, tombstones among them, a new key and value made of the whole record.
    @inlinable
    public func map<NewKey, NewValue>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Record<Key, Value>) throws -> (NewKey?, NewValue?)
    ) -> KStream<NewKey, NewValue> {
        mapRecords(named: name, key: key, value: value) { record in
            let (newKey, newValue) = try transform(record)
            return record.with(key: newKey).with(value: newValue)
        }
    }

    @inlinable
    func mapRecords<NewKey, NewValue>(
        named name: String?, key: Serde<NewKey>?, value: Serde<NewValue>?,
        _ transform: @escaping @Sendable (Record<Key, Value>) throws -> Record<NewKey, NewValue>?
    ) -> KStream<NewKey, NewValue> {
        adding(name, "KSTREAM-MAP-", role: .changesKey, key: key ?? .ofType, value: value ?? .ofType) {
            .map(name: $0, transform)
        }
    }

    /// Gives each record a new key made of key and value; a tombstone is dropped, for it has nothing to make a key of.
    ///
    /// ```swift
    /// views.selectKey { _, view in view.user }
    /// ```
    @inlinable
    public func selectKey<NewKey>(
        named name: String? = nil, key: Serde<NewKey>? = nil,
        _ selector: @escaping @Sendable (Key?, Value) throws -> NewKey?
    ) -> KStream<NewKey, Value> {
        selectKey(
            named: name, key: key,
            byRecord: { record in
                try record.value.map { value in record.with(key: try selector(record.key, value)) }
            })
    }

    /// Gives each record, tombstones among them, a new key made of the whole record.
    @inlinable
    public func selectKey<NewKey>(
        named name: String? = nil, key: Serde<NewKey>? = nil,
        _ selector: @escaping @Sendable (Record<Key, Value>) throws -> NewKey?
    ) -> KStream<NewKey, Value> {
        selectKey(named: name, key: key, byRecord: { record in record.with(key: try selector(record)) })
    }

    @inlinable
    func selectKey<NewKey>(
        named name: String?, key: Serde<NewKey>?,
        byRecord transform: @escaping @Sendable (Record<Key, Value>) throws -> Record<NewKey, Value>?
    ) -> KStream<NewKey, Value> {
        adding(name, "KSTREAM-KEY-SELECT-", role: .changesKey, key: key ?? .ofType, value: valueSerde) {
            .map(name: $0, transform)
        }
    }

    /// Makes any number of records, with keys of their own, of each one; a tombstone is dropped.
    ///
    /// ```swift
    /// orders.flatMap { _, order in order.items.map { item in (item.product, item.amount) } }
    /// ```
    @inlinable
    public func flatMap<NewKey, NewValue>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Key?, Value) throws -> [(NewKey?, NewValue?)]
    ) -> KStream<NewKey, NewValue> {
        flatMap(
            named: name, key: key, value: value,
            parts: { record in
                try record.value.map { try transform(record.key, $0) }
            })
    }

    /// Makes any number of records, with keys of their own, of each record, tombstones among them.
    @inlinable
    public func flatMap<NewKey, NewValue>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<NewValue>? = nil,
        _ transform: @escaping @Sendable (Record<Key, Value>) throws -> [(NewKey?, NewValue?)]
    ) -> KStream<NewKey, NewValue> {
        flatMap(named: name, key: key, value: value, parts: { record in try transform(record) })
    }

    @inlinable
    func flatMap<NewKey, NewValue>(
        named name: String?, key: Serde<NewKey>?, value: Serde<NewValue>?,
        parts: @escaping @Sendable (Record<Key, Value>) throws -> [(NewKey?, NewValue?)]?
    ) -> KStream<NewKey, NewValue> {
        adding(name, "KSTREAM-FLATMAP-", role: .changesKey, key: key ?? .ofType, value: value ?? .ofType) { name in
            .flatMap(
                name: name, parts, combine: { record, part in record.with(key: part.0).with(value: part.1) })
        }
    }
}
