extension KStream {
    @inlinable
    func adding<NewKey, NewValue>(
        _ name: String?, _ prefix: String, role: OperatorRole = .other, key: Serde<NewKey>?, value: Serde<NewValue>?,
        _ make: (String) -> ProcessorElement
    ) -> KStream<NewKey, NewValue> {
        let name = builder.newName(prefix, unless: name)
        let node = builder.add(.processor(make(name)), named: name, to: [node], role: role)
        let changesKey =
            switch role {
            case .changesKey, .process: true
            default: false
            }
        return KStream<NewKey, NewValue>(
            builder: builder, node: node, keySerde: key, valueSerde: value,
            repartitionRequired: repartitionRequired || changesKey)
    }

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
