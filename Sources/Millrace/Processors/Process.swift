extension ProcessorElement {
    /// Hands each record to the user's processor, which may forward any records.
    ///
    /// The processor is made when the task starts, after its stores are restored, so it may read them at once. Kafka:
    /// `ProcessorNode`.
    ///
    /// - Parameters:
    ///   - makeContext: makes the context that the processor gets.
    ///   - makeProcessor: makes the function that processes a record.
    @inlinable
    static func process<Key, Value, Context>(
        name: String, stores: [any ConnectableStore],
        makeContext: @escaping @Sendable (ProcessorNode) throws -> Context,
        _ makeProcessor: @escaping @Sendable (Context) throws -> ((Record<Key, Value>) throws -> Void)
    ) -> ProcessorElement {
        var element = ProcessorElement(name: name) { instance in
            let node = ProcessorNode(instance)
            let context = try makeContext(node)
            var process: (Record<Key, Value>) throws -> Void = { _ in
                throw StreamsError(.illegalState, "the task has not started", node: node.name)
            }
            node.task.onStart(at: node.name) { process = try makeProcessor(context) }
            node.task.onClose {
                // The processor holds its context, which holds the task.
                process = { _ in }
            }
            return TypedReceiver<Key, Value>(at: instance, silence: { _ in .madeNothing }) { record in
                try node.call(timestampMs: record.timestampMs) { try process(record) }
            }
        }
        element.connectedStores = stores.map(\.connection)
        return element
    }
}
