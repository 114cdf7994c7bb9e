/// A grouped stream whose records are taken together by time or sliding windows. Kafka: `TimeWindowedKStream`.
public struct TimeWindowedKStream<Key, Value> {
    @usableFromInline let grouped: KGroupedStream<Key, Value>
    @usableFromInline let windows: FixedWindows
    @usableFromInline let emit: EmitStrategy

    @usableFromInline
    init(grouped: KGroupedStream<Key, Value>, windows: FixedWindows, emit: EmitStrategy) {
        self.grouped = grouped
        self.windows = windows
        self.emit = emit
    }

    /// Says when results are handed on; by default with every change.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(5))).emit(.onWindowClose).count()
    /// ```
    ///
    /// Kafka: `TimeWindowedKStream.emitStrategy`.
    @inlinable
    public func emit(_ strategy: EmitStrategy) -> TimeWindowedKStream {
        TimeWindowedKStream(grouped: grouped, windows: windows, emit: strategy)
    }

    @inlinable
    func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>, key: Serde<Key>?, value: Serde<Aggregate>?, prefix: String,
        named name: String?, remedy: String, _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> KTable<Windowed<Key>, Aggregate> {
        let builder = grouped.stream.builder
        let (plan, problem) = store.windowStorePlan(
            for: windows, emit: emit, orNamed: { builder.newStoreName(prefix) })
        let name = builder.newName(prefix, unless: name)
        let element = windows.aggregate(
            name: name, emit: emit, storeName: plan.name, store: plan, key: key ?? .missing,
            aggregate: value ?? .missing,
            problem: problem ?? missingSerdes(key: key, value: value, remedy: remedy)
                ?? store.lateProblem(grouped.stream.valueSerde),
            aggregation.ofValues(grouped.stream.valueSerde))
        let table = grouped.adding(
            element, store: plan, key: key.map { .timeWindowed($0, sizeMs: windows.sizeMs) }, value: value,
            storeName: store.storeName, view: .windowStore(plan.name, key: key ?? .missing, value: value ?? .missing))
        builder.noteWindowGrace(windows.graceMs, of: table.node)
        return table
    }
}

extension TimeWindowedKStream {
    /// Counts the records of each key and window; one without a key is dropped, one without a value counts, other than in
    /// sliding windows.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count(into: .store("payments-per-minute"))
    /// ```
    @discardableResult
    @inlinable
    public func count(
        into store: Materialized<Key, Int64>? = nil, named name: String? = nil
    ) -> KTable<Windowed<Key>, Int64> {
        if let store, store.storeName == nil { _ = grouped.stream.builder.newStoreName("KSTREAM-AGGREGATE-") }
        let store = store ?? .with()
        return aggregate(
            into: store, key: store.key ?? grouped.stream.keySerde, value: store.value ?? .int64,
            prefix: "KSTREAM-AGGREGATE-", named: name, remedy: "pass it in count(into:)",
            Aggregation(dropsNullValues: false, initial: { 0 }, add: { _, count in (count ?? 0) + 1 }))
    }

    /// Combines the values of each key and window into one of the same type; the first value stands as it is.
    ///
    /// ```swift
    /// amounts.groupByKey().windowedBy(.hopping(.seconds(60), advance: .seconds(10))).reduce { max($0, $1) }
    /// ```
    ///
    /// A record without a value is dropped and counted.
    ///
    /// - Parameter reducer: gets the value so far and the next one; `nil` deletes the window's result.
    @discardableResult
    @inlinable
    public func reduce(
        into store: Materialized<Key, Value>? = nil, named name: String? = nil,
        _ reducer: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> KTable<Windowed<Key>, Value> {
        reduce(into: store, named: name, .reducing(reducer))
    }

    @inlinable
    package func reduce(
        into store: Materialized<Key, Value>?, named name: String?, _ aggregation: Aggregation<Key, Value, Value>
    ) -> KTable<Windowed<Key>, Value> {
        let store = store ?? .with()
        return aggregate(
            into: store, key: store.key ?? grouped.stream.keySerde, value: store.value ?? grouped.stream.valueSerde,
            prefix: "KSTREAM-REDUCE-", named: name, remedy: "pass it in reduce(into:)", aggregation)
    }

    /// Combines the values of each key and window into an aggregate of any type.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.tumbling(.seconds(60)))
    ///     .aggregate(into: .store("totals", value: .double), initial: 0) { _, payment, total in payment.amount + total }
    /// ```
    ///
    /// A record without a value is dropped and counted; the form with the whole record sees it.
    ///
    /// - Parameters:
    ///   - store: how the aggregates are kept; ``Materialized/retention(_:)`` says for how long.
    ///   - initial: the aggregate of a window that has none yet.
    ///   - name: the operator's name; generated by default.
    ///   - aggregator: gets the key, the next value and the aggregate so far; `nil` deletes the window's result.
    @discardableResult
    @inlinable
    public func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>,
        initial: @autoclosure @escaping @Sendable () throws -> Aggregate, named name: String? = nil,
        _ aggregator: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) -> KTable<Windowed<Key>, Aggregate> {
        aggregate(into: store, named: name, .aggregating(initial: initial, aggregator))
    }

    /// Combines the records of each key and window, those without a value among them, into an aggregate.
    @discardableResult
    @inlinable
    public func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>,
        initial: @autoclosure @escaping @Sendable () throws -> Aggregate, named name: String? = nil,
        _ aggregator: @escaping @Sendable (Record<Key, Value>, Aggregate) throws -> Aggregate?
    ) -> KTable<Windowed<Key>, Aggregate> {
        aggregate(into: store, named: name, .aggregating(initial: initial, records: aggregator))
    }

    @inlinable
    func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>, named name: String?,
        _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> KTable<Windowed<Key>, Aggregate> {
        aggregate(
            into: store, key: store.key ?? grouped.stream.keySerde, value: store.value ?? .ofType,
            prefix: "KSTREAM-AGGREGATE-", named: name, remedy: "pass it in aggregate(into:)", aggregation)
    }
}
