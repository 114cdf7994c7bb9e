/// A table that changes: for each key its present value. Kafka: `KTable`.
///
/// Closures of a table see present values only; the deletion of a key passes through every operator as such.
public struct KTable<Key, Value> {
    @usableFromInline let builder: StreamsBuilder
    @usableFromInline let node: Int
    @usableFromInline let keySerde: Serde<Key>?
    @usableFromInline let valueSerde: Serde<Value>?
    /// The name under which the table can be queried, if it was given a store.
    public let storeName: String?
    /// How other operators look up the table's values.
    @usableFromInline let view: TableView<Key, Value>

    @usableFromInline
    init(
        builder: StreamsBuilder, node: Int, keySerde: Serde<Key>?, valueSerde: Serde<Value>?, storeName: String?,
        view: TableView<Key, Value>
    ) {
        self.builder = builder
        self.node = node
        self.keySerde = keySerde
        self.valueSerde = valueSerde
        self.storeName = storeName
        self.view = view
    }
}

extension KTable {
    /// Keeps the keys whose value satisfies a predicate; the others are deleted from the result.
    ///
    /// ```swift
    /// balances.filter { _, balance in balance < 0 }
    /// ```
    ///
    /// - Parameter store: keeps the result in a store of its own; by default it is computed from this table.
    @discardableResult
    @inlinable
    public func filter(
        into store: Materialized<Key, Value>? = nil, named name: String? = nil,
        _ predicate: @escaping @Sendable (Key, Value) throws -> Bool
    ) -> KTable {
        let plan = optionalStore(store, "KTABLE-FILTER-")
        let name = builder.newName("KTABLE-FILTER-", unless: name)
        let (key, value) = (store?.key ?? keySerde, store?.value ?? valueSerde)
        let problem = plan.flatMap { _ in missingSerdes(key: key, value: value, remedy: "pass it in filter(into:)") }
        let element = ProcessorElement.tableFilter(
            name: name, store: plan, key: key ?? .missing, value: value ?? .missing, problem: problem, predicate)
        let table = adding(element, key: key, value: value, view: view.filter(predicate))
        table.useOldValues(of: self)
        return table
    }

    /// Keeps the keys whose value does not satisfy a predicate.
    ///
    /// ```swift
    /// balances.filterNot { _, balance in balance == 0 }
    /// ```
    @discardableResult
    @inlinable
    public func filterNot(
        into store: Materialized<Key, Value>? = nil, named name: String? = nil,
        _ predicate: @escaping @Sendable (Key, Value) throws -> Bool
    ) -> KTable {
        filter(into: store, named: name) { key, value in try !predicate(key, value) }
    }

    /// Turns each value into another one; `nil` deletes the key from the result.
    ///
    /// ```swift
    /// customers.mapValues { customer in customer.city }
    /// ```
    @discardableResult
    @inlinable
    public func mapValues<NewValue>(
        into store: Materialized<Key, NewValue>? = nil, named name: String? = nil,
        _ transform: @escaping @Sendable (Value) throws -> NewValue?
    ) -> KTable<Key, NewValue> {
        mapValues(into: store, named: name) { _, value in try transform(value) }
    }

    /// Turns each value into another one, with a look at the key.
    @discardableResult
    @inlinable
    public func mapValues<NewValue>(
        into store: Materialized<Key, NewValue>? = nil, named name: String? = nil,
        _ transform: @escaping @Sendable (Key, Value) throws -> NewValue?
    ) -> KTable<Key, NewValue> {
        let plan = optionalStore(store, "KTABLE-MAPVALUES-")
        let name = builder.newName("KTABLE-MAPVALUES-", unless: name)
        let (key, value) = (store?.key ?? keySerde, store?.value ?? .ofType)
        let problem = plan.flatMap { _ in missingSerdes(key: key, value: value, remedy: "pass it in mapValues(into:)") }
        let element = ProcessorElement.tableMapValues(
            name: name, store: plan, key: key ?? .missing, value: value, problem: problem, transform)
        return adding(element, key: key, value: value, view: view.mapValues(transform))
    }

    /// The table's changes as a stream; a deletion becomes a tombstone.
    ///
    /// ```swift
    /// balances.toStream().to("balances")
    /// ```
    @inlinable
    public func toStream(named name: String? = nil) -> KStream<Key, Value> {
        let name = builder.newName("KTABLE-TOSTREAM-", unless: name)
        let node = builder.add(
            .processor(.tableToStream(name: name, Record<Key, Value>.self)), named: name, to: [node])
        return KStream(
            builder: builder, node: node, keySerde: keySerde, valueSerde: valueSerde, repartitionRequired: false)
    }

    /// Takes the values together by a new key, to be aggregated; they go through a repartition topic.
    ///
    /// ```swift
    /// customers.groupBy { id, customer in (customer.city, id) }.count()
    /// ```
    ///
    /// - Parameter selector: the new key and value of an entry; where either is `nil` the entry is left out.
    @inlinable
    public func groupBy<NewKey: Equatable & SendableMetatype, NewValue>(
        named name: String? = nil, key: Serde<NewKey>? = nil, value: Serde<NewValue>? = nil,
        _ selector: @escaping @Sendable (Key, Value) throws -> (NewKey?, NewValue?)
    ) -> KGroupedTable<NewKey, NewValue> {
        let selectName = builder.newName("KTABLE-SELECT-", unless: name)
        let select = builder.add(
            .processor(.tableRepartitionMap(name: selectName, selector)), named: selectName, to: [node])
        enableSendingOldValues()
        return KGroupedTable(
            builder: builder, node: select, name: name, keySerde: key ?? .ofType, valueSerde: value ?? .ofType)
    }

    @usableFromInline
    func enableSendingOldValues() {
        builder.plan.enableSendingOldValues(of: node, forced: true)
    }

    /// Has another table's changes come with old values if it is kept anyway.
    @usableFromInline
    func useOldValues(of parent: KTable) {
        if builder.plan.enableSendingOldValues(of: parent.node, forced: false) {
            builder.plan[node].sendsOldValues = true
        }
    }

    /// The plan of a store that is made only where the user named one. Without a name a number is used up, as in Kafka.
    @usableFromInline
    func optionalStore<NewValue>(_ store: Materialized<Key, NewValue>?, _ prefix: String) -> StorePlan? {
        guard let store else { return nil }
        let plan = store.storePlan(orNamed: { builder.newStoreName(prefix) })
        return store.storeName == nil ? nil : plan
    }

    /// - Parameter view: how to look up the result's values where it has no store.
    @inlinable
    func adding<NewValue>(
        _ element: ProcessorElement, key: Serde<Key>?, value: Serde<NewValue>?, view: TableView<Key, NewValue>
    ) -> KTable<Key, NewValue> {
        let node = builder.add(
            [.processor(element)], named: element.name, to: [node], values: .inherited,
            isMaterialized: element.store != nil)
        return KTable<Key, NewValue>(
            builder: builder, node: node, keySerde: key, valueSerde: value, storeName: element.store?.name,
            view: element.store.map { .store($0.name, key: key ?? .missing, value: value ?? .missing) } ?? view)
    }
}
