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
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
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

    /// Adds a source of all topics whose whole names match a regular expression by hand.
    ///
    /// ```swift
    /// let payments = builder.addSource("payments", matching: "payments-.*", key: .string, value: .string)
    /// ```
    ///
    /// Kafka: `Topology.addSource` with a pattern. See `stream(matching:)` for which topics are read.
    ///
    /// - Parameters:
    ///   - name: the source's name, which nothing else in the topology has.
    ///   - pattern: matches the topics' whole names. A pattern that two sources have is an error.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - timestamp: which moment a record stands for, as for `stream`.
    ///   - offsetReset: where to begin in a partition of which no valid offset is committed, as for `stream`.
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
    ///   - parents: whose records it writes.
    ///   - key: the keys' serde; by default that of the first parent.
    ///   - value: the values' serde; by default that of the first parent.
    ///   - partition: chooses where each record goes, as in `StreamPartitioner`; by default the key's murmur2 hash
    ///     does.
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

    /// Adds a sink by hand that writes each record to a topic that is chosen for it.
    ///
    /// ```swift
    /// builder.addSink("by-length", after: longest) { record in "words-of-\(record.value?.count ?? 0)" }
    /// ```
    ///
    /// All those topics have to exist. Kafka: `Topology.addSink` with a `TopicNameExtractor`.
    ///
    /// - Parameters:
    ///   - name: the sink's name, which nothing else in the topology has.
    ///   - parents: whose records it writes.
    ///   - key: the keys' serde; by default that of the first parent.
    ///   - value: the values' serde; by default that of the first parent.
    ///   - description: what `Topology.describe()` calls the choice.
    ///   - partition: chooses where each record goes, as in `StreamPartitioner`; by default the key's murmur2 hash
    ///     does.
    ///   - choose: the topic's full name. What it throws goes to the processing handler.
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
