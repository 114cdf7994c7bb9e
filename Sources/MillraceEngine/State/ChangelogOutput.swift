import Millrace

/// The changelog of a store as a topic to write to.
///
/// No handler may skip what goes there. A store that has a change which its changelog lacks gives other results after it is
/// restored. So a change that is refused ends the task: nothing since the last commit is committed, and the store on disk
/// stays at its last checkpoint.
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
                // Nothing is wrong with the record. Whether the topic was deleted shows when it is looked for.
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
    /// A change of a store that its changelog does not take.
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
