/// One of the streams of a cogroup, without the type of its values.
@usableFromInline
struct CogroupedPart<Key, Aggregate> {
    @usableFromInline typealias Target = AggregationTarget<Key, Aggregate>
    @usableFromInline typealias Initial = @Sendable () throws -> Aggregate
    @usableFromInline typealias Merge = @Sendable (Key, Aggregate, Aggregate) throws -> Aggregate?

    @usableFromInline let keySerde: Serde<Key>?
    /// The message about the serde that writing late records is missing.
    @usableFromInline let lateProblem: String?
    /// Adds the repartitioning that the stream needs, named after the store; returns the node to be downstream of.
    @usableFromInline let addParent: (StreamsBuilder, _ storeName: String) -> Int
    @usableFromInline let aggregate: (Target, @escaping Initial) -> ProcessorElement
    @usableFromInline let windowAggregate: (Target, FixedWindows, @escaping Initial) -> ProcessorElement
    @usableFromInline let sessionAggregate:
        (Target, SessionWindows, @escaping Initial, @escaping Merge) -> ProcessorElement

    /// A part whose values are aggregated.
    @inlinable
    init<Value>(
        _ grouped: KGroupedStream<Key, Value>,
        values aggregator: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) {
        self.init(grouped) { key, value, _, aggregate in
            try aggregator(key, value, aggregate)
        } windowed: { initial in
            .aggregating(initial: initial, aggregator)
        }
    }

    /// A part whose records are aggregated. In windows, the aggregator gets tombstones too.
    @inlinable
    init<Value>(
        _ grouped: KGroupedStream<Key, Value>,
        records aggregator: @escaping @Sendable (Record<Key, Value>, Aggregate) throws -> Aggregate?
    ) {
        self.init(grouped) { _, _, record, aggregate in
            try aggregator(record, aggregate)
        } windowed: { initial in
            .aggregating(initial: initial, records: aggregator)
        }
    }

    @inlinable
    init<Value>(
        _ grouped: KGroupedStream<Key, Value>,
        _ aggregator: @escaping @Sendable (Key, Value, Record<Key, Value>, Aggregate) throws -> Aggregate?,
        windowed: @escaping (@escaping Initial) -> Aggregation<Key, Value, Aggregate>
    ) {
        let stream = grouped.stream
        let repartition = SharedRepartition()
        keySerde = stream.keySerde
        lateProblem = stream.valueSerde == nil ? missingLateSerde(Value.self) : nil
        addParent = { builder, storeName in
            guard stream.repartitionRequired else { return stream.node }
            let node = builder.addRepartition(
                prefix: grouped.name ?? storeName, to: stream.node, key: stream.keySerde, value: stream.valueSerde,
                reusing: repartition.node)
            repartition.node = node
            return node
        }
        aggregate = { target, initial in .streamAggregate(for: target, initial: initial, aggregator) }
        windowAggregate = { target, windows, initial in
            windows.aggregate(
                for: target, emit: .onWindowUpdate, windowed(initial).ofValues(stream.valueSerde))
        }
        sessionAggregate = { target, windows, initial, merge in
            .sessionWindowAggregate(
                for: target, windows, emit: .onWindowUpdate, windowed(initial).ofValues(stream.valueSerde)
            ) { key, left, right in try merge(key, left ?? initial(), right) }
        }
    }
}
