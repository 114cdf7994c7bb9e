import Millrace

/// An output that writes to the changelog of a store.
///
/// No handler may skip a changelog record: a store with a change that its changelog lacks would give other results after a restore.
/// So a refused change ends the task. Nothing since the last commit is committed, and the store on disk stays at its last
/// checkpoint.
final class ChangelogOutput: RecordOutput {
    private let store: String
    private let topic: String
    private let output: TaskOutput
    private unowned let task: TaskEnvironment

    init(store: String, topic: String, output: TaskOutput, task: TaskEnvironment) {
        self.store = store
        self.topic = topic
        self.output = output
        self.task = task
    }

    func send(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
        headers: Headers
    ) throws {
        do {
            try output.send(
                key: key, value: value, partition: partition, timestampMs: timestampMs, headers: headers)
        } catch {
            guard error.kind == .rejected else { throw error }
            if error.isTopicMissing {
                // The record is not at fault. A look at the topics shows whether the topic was deleted.
                throw PortError(.abortable, error.message)
            }
            let refused = RefusedRecord(topic: topic, partition: partition ?? task.partition, key: key, value: value)
            throw StreamsError(
                refusing: refused, of: store, because: error, record: task.recordMetadata, task: task.taskID)
        }
    }

    func partitionCount() throws -> Int32 { try output.partitionCount() }
}

extension StreamsError {
    /// Makes the error of a change that a store's changelog refuses.
    init(
        refusing record: RefusedRecord, of store: String, because error: PortError, record source: RecordMetadata?,
        task: String?
    ) {
        self.init(
            .stateStore,
            "the changelog of store \(store) refused the change of key \(record.printableKey), "
                + "\(record.sizeInBytes) bytes, in \(record.topic)-\(record.partition). A change that is not in the changelog "
                + "would be missing after a restore, so it cannot be skipped. Raise max.message.bytes of the topic and "
                + "message.max.bytes of the client, or store less",
            record: source, task: task, underlying: error)
    }
}
