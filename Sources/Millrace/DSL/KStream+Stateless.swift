extension KStream {
    @inlinable
    func adding<NewKey, NewValue>(
        _ name: String?, _ prefix: String, role: OperatorRole = .other, key: Serde<NewKey>?, value: Serde<NewValue>?,
        _ make: (String) -> ProcessorElement
    ) -> KStream<NewKey, NewValue> {
        let name = builder.newName(prefix, unless: name)
        let node = builder.add(.processor(make(name)), named: name, to: [node], role: role)
        let changesKey = if case .changesKey = role { true } else { false }
        return KStream<NewKey, NewValue>(
            builder: builder, node: node, keySerde: key, valueSerde: value,
            repartitionRequired: repartitionRequired || changesKey)
    }

    // MARK: Choosing records

    /// Keeps the records whose key and value satisfy a predicate; a tombstone does not.
    ///
    /// ```swift
    /// payments.filter { _, payment in payment.amount > 1_000 }
    /// ```
    @inlinable
    public func filter(
        named name: String? = nil, _ predicate: @escaping @Sendable (Key?, Value) throws -> Bool
    ) -> KStream {
        filter(named: name) { record in try record.value.map { try predicate(record.key, $0) } ?? false }
    }

    /// Keeps the records that satisfy a predicate, tombstones among them.
    ///
    /// ```swift
    /// payments.filter { record in record.headers.last(named: "replayed") == nil }
    /// ```
    @inlinable
    public func filter(
        named name: String? = nil, _ predicate: @escaping @Sendable (Record<Key, Value>) throws -> Bool
    ) -> KStream {
        adding(name, "KSTREAM-FILTER-", key: keySerde, value: valueSerde) { .filter(name: $0, predicate) }
    }

    /// Drops the records whose key and value satisfy a predicate; a tombstone stays.
    ///
    /// ```swift
    /// payments.filterNot { _, payment in payment.isTest }
    /// ```
    @inlinable
    public func filterNot(
        named name: String? = nil, _ predicate: @escaping @Sendable (Key?, Value) throws -> Bool
    ) -> KStream {
        filterNot(named: name) { record in try record.value.map { try predicate(record.key, $0) } ?? false }
    }

    /// Drops the records that satisfy a predicate, tombstones among them.
    @inlinable
    public func filterNot(
        named name: String? = nil, _ predicate: @escaping @Sendable (Record<Key, Value>) throws -> Bool
    ) -> KStream {
        adding(name, "KSTREAM-FILTER-", key: keySerde, value: valueSerde) { name in
            .filter(name: name) { record in try !predicate(record) }
        }
    }

    // MARK: Changing values

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
        mapRecordValues(named: name, value: value) { record in try record.value.flatMap { try transform(record.key, $0) } }
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
        flatMapValues(named: name, value: value, parts: { record in
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

    // MARK: Changing keys

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
        selectKey(named: name, key: key, byRecord: { record in
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
        flatMap(named: name, key: key, value: value, parts: { record in
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

    // MARK: Looking on

    /// Shows each record to a closure and hands it on unchanged.
    ///
    /// ```swift
    /// payments.peek { record in print(record.timestampMs) }
    /// ```
    @discardableResult
    @inlinable
    public func peek(
        named name: String? = nil, _ action: @escaping @Sendable (Record<Key, Value>) throws -> Void
    ) -> KStream {
        adding(name, "KSTREAM-PEEK-", key: keySerde, value: valueSerde) { .peek(name: $0, action) }
    }

    /// Shows each record to a closure; the stream ends there.
    ///
    /// ```swift
    /// payments.foreach { record in print(record.value?.amount ?? 0) }
    /// ```
    @inlinable
    public func foreach(
        named name: String? = nil, _ action: @escaping @Sendable (Record<Key, Value>) throws -> Void
    ) {
        let _: KStream = adding(name, "KSTREAM-FOREACH-", key: keySerde, value: valueSerde) { .peek(name: $0, action) }
    }
}
