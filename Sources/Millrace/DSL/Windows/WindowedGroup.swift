/// A grouped stream with the windows by which its records are grouped: the common part of time windows and sessions.
@usableFromInline
struct WindowedGroup<Key, Value, Windows: GroupingWindows> {
    @usableFromInline let grouped: KGroupedStream<Key, Value>
    @usableFromInline let windows: Windows
    @usableFromInline var emit = EmitStrategy.onWindowUpdate

    @usableFromInline
    init(_ grouped: KGroupedStream<Key, Value>, _ windows: Windows) {
        self.grouped = grouped
        self.windows = windows
    }

    @usableFromInline
    func emitting(_ strategy: EmitStrategy) -> WindowedGroup {
        var copy = self
        copy.emit = strategy
        return copy
    }

    /// Adds an operator that aggregates over the windows.
    ///
    /// - Parameters:
    ///   - value: the aggregates' serde, if the store names none.
    ///   - aggregation: how the operator treats its records.
    ///   - element: makes the operator.
    @inlinable
    func aggregate<Aggregate>(
        _ method: AggregationMethod, into store: Materialized<Key, Aggregate>, orValue value: Serde<Aggregate>?,
        named name: String?, _ aggregation: Aggregation<Key, Value, Aggregate>,
        _ element: (AggregationTarget<Key, Aggregate>, Aggregation<Key, Value, Aggregate>) -> ProcessorElement
    ) -> KTable<Windowed<Key>, Aggregate> {
        let stream = grouped.stream
        let (plan, problem) = store.storePlan(
            for: windows, emit: emit, stream.builder.compatibility,
            orNamed: { stream.builder.newStoreName(method.prefix) }, key: stream.keySerde, value: value)
        let (key, value) = (store.key ?? stream.keySerde, store.value ?? value)
        let target = AggregationTarget(
            name: stream.builder.newName(method.prefix, unless: name), storeName: plan.name, store: plan, key: key,
            aggregate: value,
            problem: problem ?? missingSerdes(key: key, value: value, remedy: method.remedy)
                ?? store.lateProblem(stream.valueSerde),
            compatibility: stream.builder.compatibility)
        let table = grouped.adding(
            element(target, aggregation.ofValues(stream.valueSerde)), store: plan, key: key.map(windows.windowed),
            value: value, storeName: store.storeName,
            view: windows.view(ofStore: plan.name, key: target.key, value: target.aggregate))
        stream.builder.recordWindows(
            WindowOperator(
                closing: windows.closing, timeName: target.timeName,
                emittedName: emit == .onWindowClose ? target.storeName : nil),
            of: table.node)
        return table
    }
}

extension CogroupedKStream {
    /// Adds the operators that aggregate over windows, one for each stream.
    @inlinable
    func aggregate(
        over windows: some GroupingWindows, into store: Materialized<Key, Aggregate>, named name: String?,
        _ element: (CogroupedPart<Key, Aggregate>, AggregationTarget<Key, Aggregate>) -> ProcessorElement
    ) -> KTable<Windowed<Key>, Aggregate> {
        let (plan, problem) = store.storePlan(
            for: windows, emit: .onWindowUpdate, builder.compatibility,
            orNamed: { builder.newStoreName("COGROUPKSTREAM-AGGREGATE-") }, key: keySerde, value: .ofType)
        let (key, value) = (store.key ?? keySerde, store.value ?? .ofType)
        let table = adding(
            store: plan, named: name, problem: problem, key: key, value: value, resultKey: key.map(windows.windowed),
            storeName: store.storeName,
            view: windows.view(ofStore: plan.name, key: key ?? .missing, value: value ?? .missing), element)
        builder.recordWindows(
            WindowOperator(
                closing: windows.closing, timeName: CogroupedKStream.timeName(ofStore: plan.name), emittedName: nil),
            of: table.node)
        return table
    }
}
