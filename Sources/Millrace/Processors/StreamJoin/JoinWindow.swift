extension ProcessorElement {
    /// Keeps a stream's records, to be joined with the other stream. Kafka: `KStreamJoinWindow`.
    ///
    /// A record is forwarded first, so that it is not joined with itself if a stream is joined with itself. A record that
    /// cannot be serialised, and so cannot be kept, is not joined at all.
    @inlinable
    static func joinWindow<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value: Serde<Value>, problem: String?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let records = WindowStore(
                try node.orderedStore(named: node.requiredStoreName()), key: key, value: value, retainsDuplicates: true)
            let late = try node.lateTopic(ofStore: node.requiredStoreName(), key: key, value: value)
            let name = node.name
            let bytes = Scratch()
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let recordKey = record.key else { return try forward(record) }
                try records.serialize(recordKey, record.value, into: bytes)
                try forward(record)
                // The store counts it. It has been joined with the kept records of the other stream, but no later record
                // will be joined with it.
                if let late, record.value != nil, record.timestampMs < records.bytes.oldestKeptMs {
                    try late.send(
                        record, from: name, window: nil, streamTimeMs: records.bytes.streamTimeMs,
                        boundMs: records.bytes.oldestKeptMs)
                }
                try records.putSerialized(
                    in: bytes, isNull: record.value == nil, startMs: record.timestampMs,
                    timestampMs: record.timestampMs)
            }
        }
    }

    /// Merges the results of both sides of a join of streams. Kafka: `PassThrough`.
    @inlinable
    static func streamJoinMerge<Key, Value>(
        name: String, of sides: [String], _ type: Record<Key, Value>.Type
    ) -> ProcessorElement {
        ProcessorElement(name: name, input: .processors(sides)) { node in
            try TypedReceiver<Key, Value>(passing: node)
        }
    }
}
