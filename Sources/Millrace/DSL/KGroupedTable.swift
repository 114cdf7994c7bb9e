/// A table whose values are taken together by a new key, to be aggregated. Kafka: `KGroupedTable`.
///
/// When a value of the table changes, the old one is subtracted from its aggregate and the new one added to its own.
public struct KGroupedTable<Key, Value> {
    @usableFromInline let builder: StreamsBuilder
    @usableFromInline let node: Int
    @usableFromInline let name: String?
    @usableFromInline let keySerde: Serde<Key>?
    @usableFromInline let valueSerde: Serde<Value>?
    @usableFromInline let shared = SharedRepartition()

    @usableFromInline
    init(builder: StreamsBuilder, node: Int, name: String?, keySerde: Serde<Key>?, valueSerde: Serde<Value>?) {
        self.builder = builder
        self.node = node
        self.name = name
        self.keySerde = keySerde
        self.valueSerde = valueSerde
    }
}

extension KGroupedTable {
    /// Counts the entries of each key.
    ///
    /// ```swift
    /// customers.groupBy { id, customer in (customer.city, id) }.count()
    /// ```
    @discardableResult
    @inlinable
    public func count(into store: Materialized<Key, Int64>? = nil, named name: String? = nil) -> KTable<Key, Int64> {
        aggregate(
            into: store ?? .with(), initial: 0, named: name, adder: { _, _, count in count + 1 },
            subtractor: { _, _, count in count - 1 })
    }

    /// Combines the values of each key into one of the same type.
    ///
    /// ```swift
    /// balances.groupBy { account, balance in (account.prefix(2).description, balance) }
    ///     .reduce { total, balance in total + balance } subtractor: { total, balance in total - balance }
    /// ```
    ///
    /// - Parameters:
    ///   - adder: gets the value so far and one that came.
    ///   - subtractor: gets the value so far and one that went.
    @discardableResult
    @inlinable
    public func reduce(
        into store: Materialized<Key, Value>? = nil, named name: String? = nil,
        adder: @escaping @Sendable (Value, Value) throws -> Value?,
        subtractor: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> KTable<Key, Value> {
        let store = store ?? .with()
        let (key, value) = (store.key ?? keySerde, store.value ?? valueSerde)
        let problem = missingSerdes(key: key, value: value, remedy: "pass it in reduce(into:)")
        return adding(store, key: key, value: value, prefix: "KTABLE-REDUCE-", named: name) { name, plan in
            .tableAggregate(
                name: name, store: plan, key: key ?? .missing, aggregate: value ?? .missing, problem: problem,
                adder: { _, value, present in if let present { try adder(present, value) } else { value } },
                subtractor: { _, value, present in try subtractor(present, value) })
        }
    }

    /// Combines the values of each key into an aggregate of any type.
    ///
    /// ```swift
    /// customers.groupBy { id, customer in (customer.city, id) }.aggregate(into: .store("cities"), initial: "") {
    ///     _, id, ids in ids + id
    /// } subtractor: {
    ///     _, id, ids in ids.replacingOccurrences(of: id, with: "")
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - initial: the aggregate of a key that has none yet.
    ///   - adder: gets the key, a value that came and the aggregate so far; `nil` deletes the key.
    ///   - subtractor: gets the key, a value that went and the aggregate so far; `nil` deletes the key.
    @discardableResult
    @inlinable
    public func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>,
        initial: @autoclosure @escaping @Sendable () throws -> Aggregate, named name: String? = nil,
        adder: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?,
        subtractor: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) -> KTable<Key, Aggregate> {
        let (key, value) = (store.key ?? keySerde, store.value ?? .ofType)
        let problem = missingSerdes(key: key, value: value, remedy: "pass it in aggregate(into:)")
        return adding(store, key: key, value: value, prefix: "KTABLE-AGGREGATE-", named: name) { name, plan in
            .tableAggregate(
                name: name, store: plan, key: key ?? .missing, aggregate: value ?? .missing, problem: problem,
                adder: { key, value, present in try adder(key, value, present ?? initial()) }, subtractor: subtractor)
        }
    }

    @inlinable
    func adding<Aggregate>(
        _ store: Materialized<Key, Aggregate>, key: Serde<Key>?, value: Serde<Aggregate>?, prefix: String,
        named name: String?, _ make: (String, StorePlan) -> ProcessorElement
    ) -> KTable<Key, Aggregate> {
        let plan = store.storePlan(orNamed: { builder.newStoreName("KTABLE-AGGREGATE-") })
        let sinkName = builder.newName("KSTREAM-SINK-", unless: name, suffix: "-sink")
        let sourceName = builder.newName("KSTREAM-SOURCE-", unless: name, suffix: "-source")
        let element = make(builder.newName(prefix, unless: name), plan)
        let parent = repartition(topic: "\(self.name ?? plan.name)-repartition", sink: sinkName, source: sourceName)
        let node = builder.add(
            [.processor(element)], named: element.name, to: [parent], values: .ownStore, isMaterialized: true)
        return KTable(
            builder: builder, node: node, keySerde: key, valueSerde: value, storeName: store.storeName,
            view: .store(plan.name, key: key ?? .missing, value: value ?? .missing))
    }

    /// The repartitioning that carries pairs of old and new values; one for all aggregations where it has a name.
    @usableFromInline
    func repartition(topic: String, sink: String, source: String) -> Int {
        if name != nil, let node = shared.node {
            builder.plan.attach(node, to: [self.node])
            return node
        }
        let problem = missingSerdes(key: keySerde, value: valueSerde, remedy: "pass them to groupBy")
        let (key, value) = (keySerde ?? .missing, Serde.change(of: valueSerde ?? .missing))
        let repartition = builder.add(
            [
                .repartitionTopic(RepartitionTopic(name: topic)),
                .sink(.sink(name: sink, topic: .internal(topic), key: key, value: value, problem: problem)),
                .source(
                    .source(
                        name: source, topics: [.internal(topic)], key: key, value: value,
                        timestamp: .failOnInvalidTimestamp, problem: nil)),
            ],
            named: source, to: [node], values: .none, isMaterialized: false)
        shared.node = repartition
        return repartition
    }
}
