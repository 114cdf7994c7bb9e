/// The treatment of records by a windowed aggregation, for all kinds of windows.
@usableFromInline
package struct Aggregation<Key, Value, Aggregate>: Sendable {
    /// The aggregate of a window that has none yet; `nil` if the first value is taken unchanged.
    @usableFromInline let initial: @Sendable () throws -> Aggregate?
    /// The aggregate with one more record; `nil` deletes it.
    @usableFromInline let add: @Sendable (Record<Key, Value>, Aggregate?) throws -> Aggregate?
    /// Whether a record without a value is dropped.
    @usableFromInline let dropsNullValues: Bool
    /// The serde of the incoming values, for those that are late.
    @usableFromInline var input: Serde<Value>?

    @usableFromInline
    package init(
        dropsNullValues: Bool, initial: @escaping @Sendable () throws -> Aggregate?,
        add: @escaping @Sendable (Record<Key, Value>, Aggregate?) throws -> Aggregate?
    ) {
        self.initial = initial
        self.add = add
        self.dropsNullValues = dropsNullValues
    }
}

extension Aggregation {
    /// The same aggregation with the serde of the incoming values.
    @inlinable
    func ofValues(_ serde: Serde<Value>?) -> Aggregation {
        var copy = self
        copy.input = serde
        return copy
    }

    /// An aggregation of values by a closure of key, value and aggregate.
    @inlinable
    static func aggregating(
        initial: @escaping @Sendable () throws -> Aggregate,
        _ aggregator: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) -> Aggregation {
        Aggregation(dropsNullValues: true, initial: initial) { record, aggregate in
            guard let key = record.key, let value = record.value else { return aggregate }
            return try aggregator(key, value, aggregate ?? initial())
        }
    }

    /// An aggregation of whole records.
    @inlinable
    static func aggregating(
        initial: @escaping @Sendable () throws -> Aggregate,
        records aggregator: @escaping @Sendable (Record<Key, Value>, Aggregate) throws -> Aggregate?
    ) -> Aggregation {
        Aggregation(dropsNullValues: false, initial: initial) { record, aggregate in
            try aggregator(record, aggregate ?? initial())
        }
    }

    /// The initial aggregate of an aggregation that always has one.
    @inlinable
    func required() throws -> Aggregate {
        guard let aggregate = try initial() else {
            throw StreamsError(.processing, "the aggregation has no initial aggregate")
        }
        return aggregate
    }
}

extension Aggregation where Aggregate == Int64 {
    /// A count of records, tombstones among them.
    @inlinable
    static var counting: Aggregation {
        Aggregation(dropsNullValues: false, initial: { 0 }, add: { _, count in (count ?? 0) + 1 })
    }
}

extension Aggregation where Value == Aggregate {
    /// A combination of values, the first of which is taken unchanged.
    @inlinable
    static func reducing(_ reducer: @escaping @Sendable (Value, Value) throws -> Value?) -> Aggregation {
        Aggregation(
            dropsNullValues: true, initial: { nil },
            add: { record, aggregate in
                guard let value = record.value, let aggregate else { return record.value }
                return try reducer(aggregate, value)
            })
    }
}
