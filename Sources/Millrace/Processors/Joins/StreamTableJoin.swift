extension ProcessorElement {
    /// Joins each record of a stream with the present value of its key in a table. The stream's timestamp is kept.
    ///
    /// A null value is dropped, a null key too unless records without a match are kept. Kafka: `KStreamKTableJoin`.
    ///
    /// - Parameters:
    ///   - table: the table's node, and `view` the way to its values.
    ///   - keepsUnmatched: whether a record has a result where the table has no value for it.
    @inlinable
    static func streamTableJoin<Key, Value, Other, Result>(
        name: String, table: Int, view: TableView<Key, Other>, keepsUnmatched: Bool,
        _ joiner: @escaping @Sendable (Value, Other?) throws -> Result?
    ) -> ProcessorElement {
        ProcessorElement(name: name, lookups: [table]) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let get = try view.makeGetter(node)
            let (context, name) = (node.context, node.name)
            return TypedReceiver<Key, Value> { record in
                guard let value = record.value, record.key != nil || keepsUnmatched else {
                    return context.drop(.nullKeyOrValue, at: name)
                }
                let found: ValueAndTimestamp<Other>?
                do { found = try record.key.flatMap(get) } catch let error as FailedLookup {
                    return try context.processingFailed(error.cause, at: name)
                }
                if found == nil, !keepsUnmatched { return }
                let result: Result?
                do { result = try joiner(value, found?.value) } catch {
                    return try context.processingFailed(error, at: name)
                }
                try forward(record.with(value: result))
            }
        }
    }
}
