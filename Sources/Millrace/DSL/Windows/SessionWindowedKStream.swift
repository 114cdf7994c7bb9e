/// A grouped stream whose records are taken together by sessions. Kafka: `SessionWindowedKStream`.
public struct SessionWindowedKStream<Key, Value> {
    @usableFromInline let grouped: KGroupedStream<Key, Value>
    @usableFromInline let windows: SessionWindows
    @usableFromInline let emit: EmitStrategy

    @usableFromInline
    init(grouped: KGroupedStream<Key, Value>, windows: SessionWindows, emit: EmitStrategy) {
        self.grouped = grouped
        self.windows = windows
        self.emit = emit
    }

    /// Says when results are handed on; by default with every change.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.session(gap: .seconds(300))).emit(.onWindowClose).count()
    /// ```
    ///
    /// Kafka: `SessionWindowedKStream.emitStrategy`.
    @inlinable
    public func emit(_ strategy: EmitStrategy) -> SessionWindowedKStream {
        SessionWindowedKStream(grouped: grouped, windows: windows, emit: strategy)
    }

    @inlinable
    func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>, key: Serde<Key>?, value: Serde<Aggregate>?, prefix: String,
        named name: String?, remedy: String, _ aggregation: Aggregation<Key, Value, Aggregate>,
        merge: @escaping @Sendable (Key, Aggregate?, Aggregate) throws -> Aggregate?
    ) -> KTable<Windowed<Key>, Aggregate> {
        let builder = grouped.stream.builder
        let (plan, problem) = store.sessionStorePlan(
            for: windows, emit: emit, orNamed: { builder.newStoreName(prefix) })
        let name = builder.newName(prefix, unless: name)
        let element = ProcessorElement.sessionWindowAggregate(
            name: name, windows, emit: emit, storeName: plan.name, store: plan, key: key ?? .missing,
            aggregate: value ?? .missing,
            problem: problem ?? missingSerdes(key: key, value: value, remedy: remedy)
                ?? store.lateProblem(grouped.stream.valueSerde),
            aggregation.ofValues(grouped.stream.valueSerde), merge: merge)
        let table = grouped.adding(
            element, store: plan, key: key.map { .sessionWindowed($0) }, value: value, storeName: store.storeName,
            view: .sessionStore(plan.name, key: key ?? .missing, value: value ?? .missing))
        builder.noteWindowGrace(windows.closeDelayMs, of: table.node)
        return table
    }
}

extension SessionWindowedKStream {
    /// Counts the records of each key and session; one without a key is dropped.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.session(gap: .seconds(300))).count(into: .store("payments-per-visit"))
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
            Aggregation(dropsNullValues: false, initial: { 0 }, add: { _, count in (count ?? 0) + 1 }),
            merge: { _, left, right in (left ?? 0) + right })
    }

    /// Combines the values of each key and session into one of the same type; the first value stands as it is.
    ///
    /// ```swift
    /// amounts.groupByKey().windowedBy(.session(gap: .seconds(300))).reduce { total, amount in total + amount }
    /// ```
    ///
    /// A record without a value is dropped and counted.
    ///
    /// - Parameter reducer: gets the value so far and the next one, or the values of two sessions that become one; `nil`
    ///   deletes the session's result.
    @discardableResult
    @inlinable
    public func reduce(
        into store: Materialized<Key, Value>? = nil, named name: String? = nil,
        _ reducer: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> KTable<Windowed<Key>, Value> {
        reduce(into: store, named: name, .reducing(reducer)) { _, left, right in
            if let left { try reducer(left, right) } else { right }
        }
    }

    @inlinable
    package func reduce(
        into store: Materialized<Key, Value>?, named name: String?, _ aggregation: Aggregation<Key, Value, Value>,
        merge: @escaping @Sendable (Key, Value?, Value) throws -> Value?
    ) -> KTable<Windowed<Key>, Value> {
        let store = store ?? .with()
        return aggregate(
            into: store, key: store.key ?? grouped.stream.keySerde, value: store.value ?? grouped.stream.valueSerde,
            prefix: "KSTREAM-REDUCE-", named: name, remedy: "pass it in reduce(into:)", aggregation, merge: merge)
    }

    /// Combines the values of each key and session into an aggregate of any type.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.session(gap: .seconds(300)))
    ///     .aggregate(into: .store("totals", value: .double), initial: 0) { _, payment, total in
    ///         payment.amount + total
    ///     } merge: { _, left, right in
    ///         left + right
    ///     }
    /// ```
    ///
    /// A record without a value is dropped and counted; the form with the whole record sees it.
    ///
    /// - Parameters:
    ///   - store: how the aggregates are kept; ``Materialized/retention(_:)`` says for how long.
    ///   - initial: the aggregate of a session that has none yet. Every record begins with one, into which the sessions
    ///     that it joins are merged.
    ///   - name: the operator's name; generated by default.
    ///   - aggregator: gets the key, the next value and the aggregate so far; `nil` deletes the session's result.
    ///   - merge: gets the key and the aggregates of two sessions that become one.
    @discardableResult
    @inlinable
    public func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>,
        initial: @autoclosure @escaping @Sendable () throws -> Aggregate, named name: String? = nil,
        _ aggregator: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?,
        merge: @escaping @Sendable (Key, Aggregate, Aggregate) throws -> Aggregate?
    ) -> KTable<Windowed<Key>, Aggregate> {
        aggregate(into: store, named: name, .aggregating(initial: initial, aggregator), merge: merge)
    }

    /// Combines the records of each key and session, those without a value among them, into an aggregate.
    @discardableResult
    @inlinable
    public func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>,
        initial: @autoclosure @escaping @Sendable () throws -> Aggregate, named name: String? = nil,
        _ aggregator: @escaping @Sendable (Record<Key, Value>, Aggregate) throws -> Aggregate?,
        merge: @escaping @Sendable (Key, Aggregate, Aggregate) throws -> Aggregate?
    ) -> KTable<Windowed<Key>, Aggregate> {
        aggregate(into: store, named: name, .aggregating(initial: initial, records: aggregator), merge: merge)
    }

    @inlinable
    func aggregate<Aggregate>(
        into store: Materialized<Key, Aggregate>, named name: String?,
        _ aggregation: Aggregation<Key, Value, Aggregate>,
        merge: @escaping @Sendable (Key, Aggregate, Aggregate) throws -> Aggregate?
    ) -> KTable<Windowed<Key>, Aggregate> {
        aggregate(
            into: store, key: store.key ?? grouped.stream.keySerde, value: store.value ?? .ofType,
            prefix: "KSTREAM-AGGREGATE-", named: name, remedy: "pass it in aggregate(into:)", aggregation,
            merge: { key, left, right in try merge(key, left ?? aggregation.required(), right) })
    }
}
