/// One of the streams of a cogroup, without the type of its values.
@usableFromInline
struct CogroupedPart<Key, Aggregate> {
    /// Where the stream's operator stands and what it is connected to.
    @usableFromInline
    struct Place {
        @usableFromInline let name: String
        @usableFromInline let storeName: String
        /// The store, where this operator brings it along.
        @usableFromInline let store: StorePlan?
        @usableFromInline let problem: String?

        @usableFromInline
        init(name: String, storeName: String, store: StorePlan?, problem: String?) {
            self.name = name
            self.storeName = storeName
            self.store = store
            self.problem = problem
        }
    }

    @usableFromInline typealias Initial = @Sendable () throws -> Aggregate
    @usableFromInline typealias Merge = @Sendable (Key, Aggregate, Aggregate) throws -> Aggregate?

    @usableFromInline let keySerde: Serde<Key>?
    /// What is missing to write down the records that come too late for a window.
    @usableFromInline let lateProblem: String?
    /// Adds the repartitioning that the stream needs, named after the store; gives the node to stand behind.
    @usableFromInline let addParent: (StreamsBuilder, _ storeName: String) -> Int
    @usableFromInline let aggregate: (Place, Serde<Key>, Serde<Aggregate>, @escaping Initial) -> ProcessorElement
    @usableFromInline let windowAggregate:
        (Place, FixedWindows, Serde<Key>, Serde<Aggregate>, @escaping Initial) -> ProcessorElement
    @usableFromInline let sessionAggregate:
        (Place, SessionWindows, Serde<Key>, Serde<Aggregate>, @escaping Initial, @escaping Merge) -> ProcessorElement

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
        aggregate = { place, key, value, initial in
            .streamAggregate(
                name: place.name, storeName: place.storeName, store: place.store, key: key, aggregate: value,
                problem: place.problem, initial: initial, aggregator)
        }
        windowAggregate = { place, windows, key, value, initial in
            windows.aggregate(
                name: place.name, emit: .onWindowUpdate, storeName: place.storeName, store: place.store, key: key,
                aggregate: value, problem: place.problem,
                .aggregating(initial: initial, aggregator).ofValues(stream.valueSerde))
        }
        sessionAggregate = { place, windows, key, value, initial, merge in
            let aggregation = Aggregation<Key, Value, Aggregate>.aggregating(initial: initial, aggregator)
                .ofValues(stream.valueSerde)
            return .sessionWindowAggregate(
                name: place.name, windows, emit: .onWindowUpdate, storeName: place.storeName, store: place.store,
                key: key, aggregate: value, problem: place.problem, aggregation,
                merge: { key, left, right in try merge(key, left ?? initial(), right) })
        }
    }
}
