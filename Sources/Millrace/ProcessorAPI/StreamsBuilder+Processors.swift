extension StreamsBuilder {
    /// Adds a processor by hand downstream of any number of sources and processors.
    ///
    /// ```swift
    /// builder.addProcessor("longest", after: events) { (context: ProcessorContext<String, String>) in
    ///     var longest = ""
    ///     return { record in
    ///         guard let value = record.value, value.count > longest.count else { return }
    ///         longest = value
    ///         try context.forward(record)
    ///     }
    /// }
    /// ```
    ///
    /// Kafka: `Topology.addProcessor`. See `KStream.process` for the closure.
    ///
    /// - Parameters:
    ///   - name: the processor's name, which must be unique in the topology.
    ///   - parents: the sources and processors whose records it gets.
    ///   - stores: the stores that it is connected to: names of existing stores, or builders of stores to be made.
    ///   - key: the resulting keys' serde; by default the one that the type brings.
    ///   - value: the resulting values' serde; by default the one that the type brings.
    ///   - makeProcessor: makes the function that is called for each record, once for each task.
    @discardableResult
    @inlinable
    public func addProcessor<Key, Value, NewKey, NewValue>(
        _ name: String, after parents: KStream<Key, Value>..., stores: [any ConnectableStore] = [],
        key: Serde<NewKey>? = nil, value: Serde<NewValue>? = nil,
        _ makeProcessor:
            @escaping @Sendable (ProcessorContext<NewKey, NewValue>) throws -> (
                (Record<Key, Value>) throws -> Void
            )
    ) -> KStream<NewKey, NewValue> {
        let element = ProcessorElement.process(
            name: name, stores: stores, makeContext: { try ProcessorContext($0) }, makeProcessor)
        let node = add(.processor(element), named: name, to: parents.map(\.node), role: .process)
        return KStream<NewKey, NewValue>(
            builder: self, node: node, keySerde: key ?? .ofType, valueSerde: value ?? .ofType, repartitionRequired: true
        )
    }

    /// Adds a store to which processors can be connected.
    ///
    /// ```swift
    /// builder.addStateStore(Stores.keyValue("last", key: .string, value: .string), connectedTo: "longest")
    /// ```
    ///
    /// Kafka: `StreamsBuilder.addStateStore`, `Topology.addStateStore`.
    ///
    /// - Parameters:
    ///   - store: the store's builder. A store that no processor is connected to is not made.
    ///   - processors: the names of processors to connect to it; `connect` or the processors themselves can add more.
    public func addStateStore(_ store: some ConnectableStore, connectedTo processors: String...) {
        let connection = store.connection
        if let plan = connection.plan { self.plan.stateStores[plan.name] = plan }
        for processor in processors { plan.connections.append((processor, connection)) }
    }

    /// Connects a processor with stores that exist or that it adds. Kafka: `Topology.connectProcessorAndStateStores`.
    ///
    /// ```swift
    /// builder.connect(processor: "longest", to: ["totals"])
    /// ```
    ///
    /// - Parameters:
    ///   - processor: the processor's name.
    ///   - stores: names of existing stores, or builders of stores to be made.
    public func connect(processor: String, to stores: [any ConnectableStore]) {
        for store in stores { plan.connections.append((processor, store.connection)) }
    }
}
