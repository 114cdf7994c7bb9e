extension ProcessorElement {
    /// One side of a join of tables: joins each change of this side with the other side's present value.
    ///
    /// The result's timestamp is the later of the two. A null key is dropped, and so is a change of a versioned table that
    /// is not the latest one of its key (KIP-914). Kafka: `KTableKTableInnerJoin`, `KTableKTableLeftJoin`,
    /// `KTableKTableRightJoin`, `KTableKTableOuterJoin`.
    ///
    /// - Parameters:
    ///   - side: the node of this side's table.
    ///   - other: the other side's table, and `view` the way to its values.
    ///   - requiresOther: whether the join has no result, not even a deletion, while the other side has no value.
    ///   - combine: returns the joined value of this side's and the other side's; `nil` if the join has none.
    @inlinable
    static func tableJoin<Key, Value, Other, Result>(
        name: String, side: Int, other: Int, view: TableView<Key, Other>, requiresOther: Bool,
        combine: @escaping @Sendable (Value?, Other?) throws -> Result?
    ) -> ProcessorElement {
        ProcessorElement(name: name, input: .parent(side), lookups: [other]) { node in
            let forward = try node.forward(Record<Key, Change<Result>>.self)
            let get = try view.makeGetter(node)
            let (drops, name, sendsOldValues) = (node.drops, node.name, node.sendsOldValues)
            let hasVersionedInput = node.hasVersionedInput
            return TypedReceiver<Key, Change<Value>>(at: node, silence: { _ in .noMatch }) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                if hasVersionedInput, !change.isLatest { return drops.drop(.outOfOrder, at: name) }
                let found = try get(key, nil)
                if found == nil, requiresOther || (change.newValue == nil && change.oldValue == nil) { return }
                var result = Change<Result>(newValue: nil, oldValue: nil, isLatest: change.isLatest)
                result.newValue = try combine(change.newValue, found?.value)
                if sendsOldValues { result.oldValue = try combine(change.oldValue, found?.value) }
                try forward(
                    Record(
                        key: key, value: result,
                        timestampMs: max(record.timestampMs, found?.timestampMs ?? record.timestampMs),
                        headers: record.headers))
            }
        }
    }
}

extension TableView {
    /// The values of this table joined with those of another one.
    ///
    /// - Parameter combine: returns the joined value; `nil` if the join has none.
    @inlinable
    func join<Other, Result>(
        _ other: TableView<Key, Other>, combine: @escaping @Sendable (Value?, Other?) throws -> Result?
    ) -> TableView<Key, Result> {
        TableView<Key, Result> { [makeGetter] reader in
            let (get, getOther) = (try makeGetter(reader), try other.makeGetter(reader))
            // The values of a join are the present ones, whatever the tables keep.
            return { key, _ in
                let (left, right) = (try get(key, nil), try getOther(key, nil))
                guard let value = try combine(left?.value, right?.value) else { return nil }
                return ValueAndTimestamp(
                    value: value, timestampMs: max(left?.timestampMs ?? -1, right?.timestampMs ?? -1))
            }
        }
    }
}
