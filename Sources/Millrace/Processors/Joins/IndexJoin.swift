extension ProcessorElement {
    /// Joins each record of a stream with what an index of a table's store finds for it. The stream's key and timestamp are kept.
    ///
    /// A null value is dropped; a null key is not, for only the value is compared. Kafka Streams has no equivalent.
    ///
    /// - Parameters:
    ///   - table: the table whose store has the index; `nil` for a global table, which needs no connection.
    ///   - index: the index's name.
    ///   - makeJoiner: makes the function that joins a record when the task starts.
    @inlinable
    static func indexJoin<Key, Value, TableKey, Other, View: Sendable, Result>(
        name: String, table: Int?, index: String, problem: String?,
        _ makeJoiner:
            @escaping @Sendable (TaskIndex<TableKey, Other, View>) throws -> ((Key?, Value) throws -> Result?)
    ) -> ProcessorElement {
        ProcessorElement(name: name, lookups: table.map { [$0] } ?? [], problem: problem) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let (drops, name, task, storeNames) = (node.drops, node.name, node.processorTask, node.storeNames)
            let joiner = Cell<(Key?, Value) throws -> Result?> { _, _ in
                throw StreamsError(.illegalState, "the task has not started", node: name)
            }
            task.onStart(at: name) { [unowned task] in
                joiner.value.pointee = try makeJoiner(task.index(index, among: storeNames, for: name))
            }
            // The joiner holds the index, which holds the task's stores.
            task.onClose { joiner.value.pointee = { _, _ in nil } }
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let value = record.value else { return drops.drop(.nullKeyOrValue, at: name) }
                try forward(record.with(value: joiner.value.pointee(record.key, value)))
            }
        }
    }
}
