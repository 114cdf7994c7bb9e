extension StreamsBuilder {
    /// Adds a source by hand: a stream of topics' records under a name of its own.
    ///
    /// ```swift
    /// let events = builder.addSource("events", topics: ["clicks", "views"], key: .string, value: .string)
    /// ```
    ///
    /// What is added by hand and what the DSL adds may be mixed: the result is a stream like any other. Unlike with `stream`,
    /// a topic that two sources read is an error. Kafka: `Topology.addSource`.
    ///
    /// - Parameters:
    ///   - name: the source's name, which nothing else in the topology has.
    ///   - topics: the topics' full names.
    ///   - timestamp: which moment a record stands for, as for `stream`.
    ///   - offsetReset: where to begin in a partition of which no valid offset is committed, as for `stream`.
    @inlinable
    public func addSource<Key, Value>(
        _ name: String, topics: [String], key: Serde<Key>, value: Serde<Value>,
        timestamp: TimestampExtractor<Key, Value> = .failOnInvalidTimestamp,
        offsetReset: AutoOffsetReset = .ofApplication
    ) -> KStream<Key, Value> {
        let node = add(
            .source(
                .source(
                    name: name, topics: topics.map(TopicName.external), key: key, value: value, timestamp: timestamp,
                    offsetReset: offsetReset, problem: nil)),
            named: name, to: [PlanBoundary.root])
        return KStream(builder: self, node: node, keySerde: key, valueSerde: value, repartitionRequired: false)
    }

    /// Adds a processor by hand behind any number of sources and processors.
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
    /// Kafka: `Topology.addProcessor`. See `KStream.process` for what the closure does.
    ///
    /// - Parameters:
    ///   - name: the processor's name, which nothing else in the topology has.
    ///   - parents: whose records it gets.
    ///   - stores: what it is connected to: names of stores that exist, or builders of stores to be made.
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
        let node = add(.processor(element), named: name, to: parents.map(\.node), role: .changesKeyAndValue)
        return KStream<NewKey, NewValue>(
            builder: self, node: node, keySerde: key ?? .ofType, valueSerde: value ?? .ofType, repartitionRequired: true
        )
    }

    /// Adds a sink by hand behind any number of sources and processors.
    ///
    /// ```swift
    /// builder.addSink("words", topic: "longest-words", after: longest)
    /// ```
    ///
    /// Kafka: `Topology.addSink`.
    ///
    /// - Parameters:
    ///   - name: the sink's name, which nothing else in the topology has.
    ///   - topic: the topic's full name.
    ///   - partition: chooses where each record goes, as in `StreamPartitioner`; by default the key's murmur2 hash does.
    @inlinable
    public func addSink<Key, Value>(
        _ name: String, topic: String, after parents: KStream<Key, Value>..., key: Serde<Key>? = nil,
        value: Serde<Value>? = nil, partition: StreamPartitioner<Key, Value>? = nil
    ) {
        let (key, value) = (key ?? parents.first?.keySerde, value ?? parents.first?.valueSerde)
        let problem = missingSerdes(key: key, value: value, remedy: "pass it to addSink(_:topic:after:key:value:)")
        _ = add(
            .sink(
                .sink(
                    name: name, topic: .external(topic), key: key ?? .missing, value: value ?? .missing,
                    problem: problem, partition: partition)),
            named: name, to: parents.map(\.node))
    }

    /// Adds a store for processors to be connected to.
    ///
    /// Kafka: `StreamsBuilder.addStateStore`, `Topology.addStateStore`.
    ///
    /// - Parameters:
    ///   - store: the store's builder. A store that no processor is connected to is not made.
    ///   - processors: the names of processors to connect to it; more follow with `connect` or where they are added.
    public func addStateStore(_ store: some ConnectableStore, connectedTo processors: String...) {
        let connection = store.connection
        if let plan = connection.plan { self.plan.stateStores[plan.name] = plan }
        for processor in processors { plan.connections.append((processor, connection)) }
    }

    /// Connects a processor with stores that exist or are added. Kafka: `Topology.connectProcessorAndStateStores`.
    public func connect(processor: String, to stores: [any ConnectableStore]) {
        for store in stores { plan.connections.append((processor, store.connection)) }
    }
}
