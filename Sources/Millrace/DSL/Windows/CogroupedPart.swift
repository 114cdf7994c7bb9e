/// One of the streams of a cogroup, without the type of its values.
@usableFromInline
struct CogroupedPart<Key, Aggregate> {
    @usableFromInline typealias Place = AggregationPlace<Key, Aggregate>
    @usableFromInline typealias Initial = @Sendable () throws -> Aggregate
    @usableFromInline typealias Merge = @Sendable (Key, Aggregate, Aggregate) throws -> Aggregate?

    @usableFromInline let keySerde: Serde<Key>?
    /// What is missing to write down the records that come too late for a window.
    @usableFromInline let lateProblem: String?
    /// Adds the repartitioning that the stream needs, named after the store; gives the node to stand behind.
    @usableFromInline let addParent: (StreamsBuilder, _ storeName: String) -> Int
    @usableFromInline let aggregate: (Place, @escaping Initial) -> ProcessorElement
    @usableFromInline let windowAggregate: (Place, FixedWindows, @escaping Initial) -> ProcessorElement
    @usableFromInline let sessionAggregate:
        (Place, SessionWindows, @escaping Initial, @escaping Merge) -> ProcessorElement

    @inlinable
    init<Value>(
        _ grouped: KGroupedStream<Key, Value>,
        _ aggregator: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
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
        aggregate = { place, initial in .streamAggregate(at: place, initial: initial, aggregator) }
        windowAggregate = { place, windows, initial in
            windows.aggregate(
                at: place, emit: .onWindowUpdate,
                .aggregating(initial: initial, aggregator).ofValues(stream.valueSerde))
        }
        sessionAggregate = { place, windows, initial, merge in
            .sessionWindowAggregate(
                at: place, windows, emit: .onWindowUpdate,
                Aggregation<Key, Value, Aggregate>.aggregating(initial: initial, aggregator)
                    .ofValues(stream.valueSerde)
            ) { key, left, right in try merge(key, left ?? initial(), right) }
        }
    }
}
