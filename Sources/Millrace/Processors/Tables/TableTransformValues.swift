extension ProcessorElement {
    /// Turns each value of a table, or a deletion, into another value by a function that may use stores and time.
    ///
    /// Kafka: `KTableTransformValues`.
    @inlinable
    static func tableTransformValues<Key, Value, NewValue>(
        name: String, store: StorePlan?, key: Serde<Key>, value serde: Serde<NewValue>?, problem: String?,
        stores: [any ConnectableStore], _ makeTransformer: @escaping ValueTransformerMaker<Key, Value, NewValue>
    ) -> ProcessorElement {
        var element = ProcessorElement(name: name, store: store, problem: problem) { instance in
            let forward = try instance.forward(Record<Key, Change<NewValue>>.self)
            let (node, sendsOldValues) = (ProcessorNode(instance), instance.sendsOldValues)
            let transform = StartedTransformer(node, makeTransformer)
            let table: TableOutput<Key, NewValue>? =
                if instance.writtenStoreName != nil, let serde {
                    try instance.tableOutput(key: key, value: serde)
                } else { nil }
            return TypedReceiver<Key, Change<Value>>(at: instance) { record in
                guard let key = record.key, let change = record.value else {
                    return node.task.drop(.nullKey, at: node.name)
                }
                var result = Change<NewValue>(newValue: nil, oldValue: nil, isLatest: change.isLatest)
                node.timestampMs = record.timestampMs
                result.newValue = try transform.body(key, change.newValue)
                if sendsOldValues, table == nil { result.oldValue = try transform.body(key, change.oldValue) }
                guard let table else { return try forward(record.with(value: result)) }
                if sendsOldValues { result.oldValue = try table.get(key)?.value }
                try table.set(
                    key, to: result.newValue, from: result.oldValue, timestampMs: record.timestampMs, by: record)
            }
        }
        element.connectedStores = stores.map(\.connection)
        return element
    }
}

/// A function that makes the transformer of a table's values when a task starts.
public typealias ValueTransformerMaker<Key, Value, NewValue> =
    @Sendable (ValueTransformerContext) throws -> ((Key, Value?) throws -> NewValue?)

/// The context that a transformer of a table's values gets when its task starts; it cannot hand records on.
///
/// Kafka: the `ProcessorContext` of a `ValueTransformerWithKey`.
public struct ValueTransformerContext: ProcessingContext {
    public let node: ProcessorNode

    @usableFromInline
    init(_ node: ProcessorNode) { self.node = node }
}

/// A transformer's function, which exists from the task's start to its end.
@usableFromInline
final class StartedTransformer<Key, Value, NewValue> {
    @usableFromInline var body: (Key, Value?) throws -> NewValue? = { _, _ in
        throw StreamsError(.illegalState, "the task has not started")
    }

    @usableFromInline
    init(_ node: ProcessorNode, _ make: @escaping ValueTransformerMaker<Key, Value, NewValue>) {
        node.task.onStart(at: node.name) { self.body = try make(ValueTransformerContext(node)) }
        node.task.onClose { self.body = { _, _ in nil } }
    }
}

extension TableView {
    /// The transformed values of this table; each reader has its own transformer.
    @inlinable
    func transformValues<NewValue>(
        _ makeTransformer: @escaping ValueTransformerMaker<Key, Value, NewValue>
    ) -> TableView<Key, NewValue> {
        TableView<Key, NewValue> { [makeGetter] reader in
            let get = try makeGetter(reader)
            let transform = StartedTransformer(ProcessorNode(reader), makeTransformer)
            return { key, asOfMs in
                let found = try get(key, asOfMs)
                guard let value = try transform.body(key, found?.value) else { return nil }
                return ValueAndTimestamp(value: value, timestampMs: found?.timestampMs ?? -1)
            }
        }
    }
}
