extension ProcessorElement {
    /// Joins each record of a stream with the present value of a key in a global table. The stream's timestamp is kept.
    ///
    /// A null value is dropped; a null table key is dropped unless records without a match are kept (KAFKA-19208).
    /// Kafka 4.1: `KStreamGlobalKTableJoin`, `KStreamKTableJoinProcessor`.
    ///
    /// - Parameters:
    ///   - view: how to look up the table's values.
    ///   - keepsUnmatched: whether a record has a result if the table has no value for it.
    ///   - tableKey: the key to look up.
    @inlinable
    static func streamGlobalTableJoin<Key, Value, TableKey, Other, Result>(
        name: String, view: TableView<TableKey, Other>, keepsUnmatched: Bool,
        on tableKey: @escaping @Sendable (Key?, Value) throws -> TableKey?,
        _ joiner: @escaping @Sendable (Value, Other?) throws -> Result?
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let get = try view.makeGetter(node)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Value>(at: node, silence: { _ in .noMatch }) { record in
                guard let value = record.value else { return drops.drop(.nullKeyOrValue, at: name) }
                let key = try tableKey(record.key, value)
                if key == nil, !keepsUnmatched { return drops.drop(.nullKeyOrValue, at: name) }
                let found = try key.flatMap { try get($0, nil) }
                if found == nil, !keepsUnmatched { return }
                try forward(record.with(value: joiner(value, found?.value)))
            }
        }
    }
}
