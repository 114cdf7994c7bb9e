extension ProcessorElement {
    /// Keeps a stream's records for the other one to be joined with. Kafka: `KStreamJoinWindow`.
    ///
    /// A record is handed on first, so that it does not meet itself where a stream is joined with itself. One that cannot be
    /// serialised, and so cannot be kept, is not joined at all.
    @inlinable
    static func joinWindow<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value: Serde<Value>, problem: String?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let records = WindowStore(
                try node.orderedStore(named: node.ownStore()), key: key, value: value, retainsDuplicates: true)
            let late = try node.lateTopic(ofStore: node.ownStore(), key: key, value: value)
            let (context, name) = (node.context, node.name)
            let bytes = Scratch()
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let recordKey = record.key else { return try forward(record) }
                try records.serialize(recordKey, record.value, into: bytes)
                try forward(record)
                // The store counts it. It has met those that were kept of the other stream, but no later one will meet it.
                if let late, record.value != nil, record.timestampMs < records.bytes.oldestKeptMs {
                    try late.send(
                        record, from: name, context, window: nil, streamTimeMs: records.bytes.streamTimeMs,
                        boundMs: records.bytes.oldestKeptMs)
                }
                try records.putSerialized(
                    in: bytes, isNull: record.value == nil, startMs: record.timestampMs,
                    timestampMs: record.timestampMs)
            }
        }
    }

    /// Takes the results of both sides of a join of streams together. Kafka: `PassThrough`.
    @inlinable
    static func streamJoinMerge<Key, Value>(
        name: String, of sides: [String], _ type: Record<Key, Value>.Type
    ) -> ProcessorElement {
        ProcessorElement(name: name, input: .processors(sides)) { node in
            TypedReceiver<Key, Value>(try node.forward(Record<Key, Value>.self))
        }
    }
}
