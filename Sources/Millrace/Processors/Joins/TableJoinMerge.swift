extension ProcessorElement {
    /// Merges the changes of both sides of a join into one table. Kafka: `KTableKTableJoinMerger`.
    @inlinable
    static func tableJoinMerge<Key, Value>(
        name: String, of sides: [String], store: StorePlan?, key: Serde<Key>, value serde: Serde<Value>,
        problem: String?
    ) -> ProcessorElement {
        ProcessorElement(name: name, input: .processors(sides), store: store, problem: problem) { node in
            guard node.writtenStoreName != nil else {
                return try TypedReceiver<Key, Change<Value>>(passing: node)
            }
            let table: TableOutput<Key, Value> = try node.tableOutput(key: key, value: serde)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                try table.set(
                    key, to: change.newValue, from: change.oldValue, timestampMs: record.timestampMs, by: record)
            }
        }
    }
}
