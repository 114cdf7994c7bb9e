extension StreamsBuilder {
    /// Adds a source by hand: a stream of topics' records with a given name.
    ///
    /// ```swift
    /// let events = builder.addSource("events", topics: ["clicks", "views"], key: .string, value: .string)
    /// ```
    ///
    /// Elements that are added by hand can be mixed with those of the DSL: the result is a stream like any other. Unlike
    /// with `stream`, a topic that two sources read is an error. Kafka: `Topology.addSource`.
    ///
    /// - Parameters:
    ///   - name: the source's name, which must be unique in the topology.
    ///   - topics: the topics' full names.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - timestamp: which moment a record stands for, as for `stream`.
    ///   - offsetReset: where to begin in a partition that has no valid committed offset, as for `stream`.
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

    /// Adds by hand a source of all topics whose whole names match a regular expression.
    ///
    /// ```swift
    /// let payments = builder.addSource("payments", matching: "payments-.*", key: .string, value: .string)
    /// ```
    ///
    /// Kafka: `Topology.addSource` with a pattern. See `stream(matching:)` for which topics are read.
    ///
    /// - Parameters:
    ///   - name: the source's name, which must be unique in the topology.
    ///   - pattern: matches the topics' whole names. A pattern that two sources have is an error.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - timestamp: which moment a record stands for, as for `stream`.
    ///   - offsetReset: where to begin in a partition that has no valid committed offset, as for `stream`.
    @inlinable
    public func addSource<Key, Value>(
        _ name: String, matching pattern: String, key: Serde<Key>, value: Serde<Value>,
        timestamp: TimestampExtractor<Key, Value> = .failOnInvalidTimestamp,
        offsetReset: AutoOffsetReset = .ofApplication
    ) -> KStream<Key, Value> {
        var source = SourceElement.source(
            name: name, topics: [], key: key, value: value, timestamp: timestamp, offsetReset: offsetReset,
            problem: nil)
        source.pattern = TopicPattern(pattern)
        let node = add(.source(source), named: name, to: [PlanBoundary.root])
        return KStream(builder: self, node: node, keySerde: key, valueSerde: value, repartitionRequired: false)
    }

    /// Adds a sink by hand downstream of any number of sources and processors.
    ///
    /// ```swift
    /// builder.addSink("words", topic: "longest-words", after: longest)
    /// ```
    ///
    /// Kafka: `Topology.addSink`.
    ///
    /// - Parameters:
    ///   - name: the sink's name, which must be unique in the topology.
    ///   - topic: the topic's full name.
    ///   - parents: the sources and processors whose records it writes.
    ///   - key: the keys' serde; by default that of the first parent.
    ///   - value: the values' serde; by default that of the first parent.
    ///   - partition: chooses each record's partition, as in `StreamPartitioner`; by default the key's murmur2 hash does.
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

    /// Adds by hand a sink that writes each record to a topic that is chosen for it.
    ///
    /// ```swift
    /// builder.addSink("by-length", after: longest) { record in "words-of-\(record.value?.count ?? 0)" }
    /// ```
    ///
    /// All those topics have to exist. Kafka: `Topology.addSink` with a `TopicNameExtractor`.
    ///
    /// - Parameters:
    ///   - name: the sink's name, which must be unique in the topology.
    ///   - parents: the sources and processors whose records it writes.
    ///   - key: the keys' serde; by default that of the first parent.
    ///   - value: the values' serde; by default that of the first parent.
    ///   - description: the name of the choice in `Topology.describe()`.
    ///   - partition: chooses each record's partition, as in `StreamPartitioner`; by default the key's murmur2 hash does.
    ///   - choose: returns the topic's full name. Its errors go to the processing handler.
    @inlinable
    public func addSink<Key, Value>(
        _ name: String, after parents: KStream<Key, Value>..., key: Serde<Key>? = nil, value: Serde<Value>? = nil,
        description: String = "closure", partition: StreamPartitioner<Key, Value>? = nil,
        choosing choose: @escaping @Sendable (Record<Key, Value>) throws -> String
    ) {
        let (key, value) = (key ?? parents.first?.keySerde, value ?? parents.first?.valueSerde)
        let problem = missingSerdes(key: key, value: value, remedy: "pass it to addSink(_:after:key:value:choosing:)")
        _ = add(
            .sink(
                .sink(
                    name: name, chooser: description, key: key ?? .missing, value: value ?? .missing,
                    problem: problem, partition: partition, choosing: choose)),
            named: name, to: parents.map(\.node))
    }
}
