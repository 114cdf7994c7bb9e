extension StreamsBuilder {
    /// Adds a store with the contents of a topic, which other processors can only read.
    ///
    /// ```swift
    /// let limits = Stores.keyValue("limits", key: .string, value: .double)
    /// builder.addReadOnlyStateStore(limits, topic: "limits", key: .string, value: .double, named: "limits-reader")
    /// payments.processValues(stores: [limits]) { (context: FixedKeyProcessorContext<String, Bool>) in
    ///     let limits = try context.store(limits).readOnly
    ///     return { record in
    ///         let limit = try record.key.flatMap { try limits.get($0) } ?? 0
    ///         try context.forward(record.with(value: record.value.map { $0.amount <= limit }))
    ///     }
    /// }
    /// ```
    ///
    /// The topic serves as the store's changelog. The store has no other one and is restored from the topic's bytes, so the
    /// serdes have to be the store's. Kafka: `Topology.addReadOnlyStateStore` (KIP-813).
    ///
    /// - Parameters:
    ///   - store: the store. Its changelog settings have no effect.
    ///   - topic: the topic's full name. It must be partitioned like the topics that are read together with it.
    ///   - key: the keys' serde, which must be the store's.
    ///   - value: the values' serde, which must be the store's.
    ///   - timestamp: which moment a record stands for; by default its own timestamp. A negative one is an error.
    ///   - name: the name of the processor that fills the store; its source has the same name followed by `-source`.
    public func addReadOnlyStateStore<Key, Value>(
        _ store: StoreBuilder<KeyValueStore<Key, Value>>, topic: String, key: Serde<Key>, value: Serde<Value>,
        timestamp: TimestampExtractor<Key, Value> = .failOnInvalidTimestamp, named name: String
    ) {
        var plan = store.plan
        plan.sourceTopicAsChangelog = topic
        plan.isCached = false
        let storeName = plan.name
        let bytes = StoreBuilder(plan: plan) { store, node in
            KeyValueStore(try store.map(named: storeName), key: key, value: value, node: node)
        }
        let fill: @Sendable (ProcessorContext<Never, Never>) throws -> ((Record<Key, Value>) throws -> Void) = {
            context in
            let store = try context.store(bytes)
            return { (record: Record<Key, Value>) in
                guard let key = record.key else {
                    return context.node.task.drop(.nullKey, at: context.node.name)
                }
                try store.put(key, record.value)
            }
        }
        var element = ProcessorElement.process(
            name: name, stores: [], makeContext: { try ProcessorContext<Never, Never>($0) }, fill)
        element.store = plan
        let source = SourceElement.source(
            name: "\(name)-source", topics: [.external(topic)], key: key, value: value, timestamp: timestamp,
            problem: nil)
        _ = add(
            [.source(source), .processor(element)], named: name, to: [PlanBoundary.root], values: .none,
            isMaterialized: true)
    }
}
