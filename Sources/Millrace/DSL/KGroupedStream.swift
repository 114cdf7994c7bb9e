/// A stream whose records are grouped by key, to be aggregated. Kafka: `KGroupedStream`.
public struct KGroupedStream<Key, Value> {
    @usableFromInline let stream: KStream<Key, Value>
    /// The user's name for the grouping, which the repartition topic takes.
    @usableFromInline let name: String?
    @usableFromInline let shared = SharedRepartition()

    @usableFromInline
    init(stream: KStream<Key, Value>, name: String?) {
        self.stream = stream
        self.name = name
    }

    /// Adds an operator that aggregates by key.
    ///
    /// - Parameters:
    ///   - value: the aggregates' serde, if the store names none.
    ///   - element: makes the operator.
    @inlinable
    func aggregate<Aggregate>(
        _ method: AggregationMethod, into store: Materialized<Key, Aggregate>, orValue value: Serde<Aggregate>?,
        named name: String?, _ element: (AggregationTarget<Key, Aggregate>) -> ProcessorElement
    ) -> KTable<Key, Aggregate> {
        let plan = store.storePlan(
            orNamed: { stream.builder.newStoreName(method.prefix) }, key: stream.keySerde, value: value)
        let (key, value) = (store.key ?? stream.keySerde, store.value ?? value)
        let target = AggregationTarget(
            name: stream.builder.newName(method.prefix, unless: name), storeName: plan.name, store: plan, key: key,
            aggregate: value, problem: missingSerdes(key: key, value: value, remedy: method.remedy))
        return adding(
            element(target), store: plan, key: key, value: value, storeName: store.storeName,
            view: .store(plan.name, key: target.key, value: target.aggregate))
    }

    /// The store of a count. For a store that has serdes but no name, Kafka uses up one number and then takes another for
    /// its name.
    @inlinable
    func storeOfCount(_ store: Materialized<Key, Int64>?) -> Materialized<Key, Int64> {
        if let store, store.storeName == nil { _ = stream.builder.newStoreName(AggregationMethod.count.prefix) }
        return store ?? .store()
    }

    /// - Parameter view: how other operators look up the aggregates.
    @inlinable
    func adding<ResultKey, Aggregate>(
        _ element: ProcessorElement, store: StorePlan, key: Serde<ResultKey>?, value: Serde<Aggregate>?,
        storeName: String?, view: TableView<ResultKey, Aggregate>
    ) -> KTable<ResultKey, Aggregate> {
        var parent = stream.node
        if stream.repartitionRequired {
            parent = stream.builder.addRepartition(
                prefix: name ?? store.name, to: stream.node, key: stream.keySerde, value: stream.valueSerde,
                shared: name == nil ? nil : shared)
        }
        let node = stream.builder.add(
            [.processor(element)], named: element.name, to: [parent], values: .store, isMaterialized: true)
        return KTable(
            builder: stream.builder, node: node, keySerde: key, valueSerde: value, storeName: storeName, view: view)
    }
}

extension KStream {
    /// Groups the records by their key.
    ///
    /// ```swift
    /// payments.groupByKey().count()
    /// ```
    ///
    /// - Parameters:
    ///   - name: the name of the repartition topic, should one be needed; by default that of the aggregation's store.
    ///   - key: the keys' serde for the repartition topic; by default the stream's.
    ///   - value: the values' serde for the repartition topic; by default the stream's.
    @inlinable
    public func groupByKey(
        named name: String? = nil, key: Serde<Key>? = nil, value: Serde<Value>? = nil
    ) -> KGroupedStream<Key, Value> {
        let stream = KStream(
            builder: builder, node: node, keySerde: key ?? keySerde, valueSerde: value ?? valueSerde,
            repartitionRequired: repartitionRequired)
        return KGroupedStream(stream: stream, name: name)
    }

    /// Groups the records by a new key; they go through a repartition topic.
    ///
    /// ```swift
    /// payments.groupBy { _, payment in payment.shop }.count()
    /// ```
    ///
    /// A tombstone, or a new key of `nil`, is dropped and counted.
    ///
    /// - Parameters:
    ///   - name: the name of the grouping and of the repartition topic; by default that of the aggregation's store.
    ///   - key: the new keys' serde; by default the one that the type brings.
    ///   - value: the values' serde for the repartition topic; by default the stream's.
    ///   - selector: gets key and value, or the record, and returns the new key; `nil` drops the record.
    @inlinable
    public func groupBy<NewKey>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<Value>? = nil,
        _ selector: @escaping @Sendable (Key?, Value) throws -> NewKey?
    ) -> KGroupedStream<NewKey, Value> {
        selectKey(named: name, key: key, selector).groupByKey(named: name, value: value)
    }

    /// Groups the records, tombstones among them, by a new key made of the whole record.
    ///
    /// - Parameters:
    ///   - name: the name of the grouping and of the repartition topic; by default that of the aggregation's store.
    ///   - key: the new keys' serde; by default the one that the type brings.
    ///   - value: the values' serde for the repartition topic; by default the stream's.
    ///   - selector: gets key and value, or the record, and returns the new key; `nil` drops the record.
    @inlinable
    public func groupBy<NewKey>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<Value>? = nil,
        _ selector: @escaping @Sendable (Record<Key, Value>) throws -> NewKey?
    ) -> KGroupedStream<NewKey, Value> {
        selectKey(named: name, key: key, selector).groupByKey(named: name, value: value)
    }
}

extension KGroupedStream {
    /// Counts the records of each key; one without a key or value is dropped.
    ///
    /// ```swift
    /// payments.groupByKey().count(into: .store("payments-per-account"))
    /// ```
    ///
    /// - Parameters:
    ///   - store: how the results are kept. By default the store has a generated name.
    ///   - name: the operator's name; generated by default.
    @discardableResult
    @inlinable
    public func count(into store: Materialized<Key, Int64>? = nil, named name: String? = nil) -> KTable<Key, Int64> {
        aggregate(into: storeOfCount(store), initial: 0, named: name) { _, _, count in count + 1 }
    }

    /// Combines the values of each key into one of the same type; the first value is taken unchanged.
    ///
    /// ```swift
    /// amounts.groupByKey().reduce { total, amount in total + amount }
    /// ```
    ///
    /// - Parameters:
    ///   - store: how the results are kept. By default the store has a generated name.
    ///   - name: the operator's name; generated by default.
    ///   - reducer: gets the value so far and the next one; `nil` deletes the key.
    @discardableResult
    @inlinable
    public func reduce(
        into store: Materialized<Key, Value>? = nil, named name: String? = nil,
        _ reducer: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> KTable<Key, Value> {
        aggregate(.reduce, into: store ?? .store(), orValue: stream.valueSerde, named: name) { target in
            .streamReduce(for: target, reducer)
        }
    }

    /// Combines the values of each key into an aggregate of any type.
    ///
    /// ```swift
    /// payments.groupByKey().aggregate(into: .store("highest", value: .double), initial: 0) { _, payment, highest in
    ///     max(payment.amount, highest)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - store: how the aggregates are kept.
    ///   - initial: the aggregate of a key that has none yet.
    ///   - name: the operator's name; generated by default.
    ///   - aggregator: gets the key, the next value and the aggregate so far; `nil` deletes the key.
    @discardableResult
    @inlinable
    public func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>,
        initial: @autoclosure @escaping @Sendable () throws -> Aggregate, named name: String? = nil,
        _ aggregator: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) -> KTable<Key, Aggregate> {
        aggregate(.aggregate, into: store, orValue: .ofType, named: name) { target in
            .streamAggregate(for: target, initial: initial) { key, value, _, aggregate in
                try aggregator(key, value, aggregate)
            }
        }
    }
}
