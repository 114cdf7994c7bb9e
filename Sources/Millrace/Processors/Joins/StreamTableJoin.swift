extension ProcessorElement {
    /// Joins each record of a stream with the value of its key in a table: the present one or, in a versioned table, the one
    /// at the record's time. The stream's timestamp is kept.
    ///
    /// A null value is dropped; a null key is dropped unless records without a match are kept. Kafka: `KStreamKTableJoin`.
    ///
    /// - Parameters:
    ///   - table: the table's node, and `view` the way to its values.
    ///   - keepsUnmatched: whether a record has a result if the table has no value for it.
    ///   - grace: how to let records wait before they are joined; `nil` to join them at once.
    @inlinable
    static func streamTableJoin<Key, Value, Other, Result>(
        name: String, table: Int, view: TableView<Key, Other>, keepsUnmatched: Bool,
        grace: JoinGrace<Key, Value>? = nil,
        _ joiner: @escaping @Sendable (Value, Other?) throws -> Result?
    ) -> ProcessorElement {
        var element = ProcessorElement(
            name: name, lookups: [table], sharing: grace?.store,
            keeping: grace.map { _ in [JoinBuffer.timeName(of: name)] } ?? [], problem: grace?.problem
        ) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let get = try view.makeGetter(node)
            let (drops, name) = (node.drops, node.name)
            let join = TypedReceiver<Key, Value>(at: node, silence: { _ in .noMatch }) { record in
                guard let value = record.value, record.key != nil || keepsUnmatched else {
                    return drops.drop(.nullKeyOrValue, at: name)
                }
                let found = try record.key.flatMap { try get($0, record.timestampMs) }
                if found == nil, !keepsUnmatched { return }
                try forward(record.with(value: joiner(value, found?.value)))
            }
            guard let grace else { return join }
            let buffer = try JoinBuffer(of: node, storeName: grace.storeName, graceMs: grace.graceMs)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key, let value = record.value, !buffer.isTooLate(record.timestampMs) else {
                    return try join.forward(record)
                }
                try buffer.put(
                    key: grace.key.bytes(of: key), value: grace.value.bytes(of: value),
                    timestampMs: record.timestampMs, headers: record.headers)
                try buffer.takeDue(at: name) { key, waited in
                    try join.forward(
                        Record(
                            key: grace.key.value(from: key),
                            value: waited.newValue.map { try grace.value.value(from: $0) },
                            timestampMs: waited.timestampMs, headers: waited.headers))
                }
            }
        }
        element.needsVersions = grace != nil
        return element
    }
}
