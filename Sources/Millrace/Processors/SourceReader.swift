/// The functions with which a task handles records of one partition of a source: one decodes a record, and another one
/// processes it when its turn has come.
///
/// The two steps are separate because a task chooses among its partitions by the timestamp of the next record of each, and
/// that timestamp may be in the value.
@usableFromInline
package struct SourceReader {
    /// Decodes a record and keeps it; returns its timestamp in milliseconds, or `nil` if it was dropped.
    ///
    /// The record is passed by address: by value it would be copied, with its topic and headers.
    package let decode: (_ record: UnsafePointer<RawRecord>, _ partitionTimeMs: Int64) throws -> Int64?
    /// Hands the record that was decoded last to the topology.
    package let process: () throws -> Void

    /// Makes a reader for a node of the task. It calls serdes and timestamp extractor, and their errors go to their
    /// handlers. Kafka: `RecordDeserializer`, `RecordQueue.updateHead`.
    @inlinable
    init<Key, Value>(
        at node: NodeInstance, key: Serde<Key>, value: Serde<Value>, timestamp: TimestampExtractor<Key, Value>
    ) throws {
        let forward = try node.forward(Record<Key, Value>.self).entered(through: node)
        let (userCode, drops, name) = (node.userCode, node.drops, node.name)
        let head = Cell<Record<Key, Value>?>(nil)
        self.init(
            decode: { raw, partitionTimeMs in
                var record = Record<Key, Value>(
                    key: nil, value: nil, timestampMs: raw.pointee.timestampMs, headers: raw.pointee.headers)
                do {
                    if let bytes = raw.pointee.key { record.key = try key.deserialize(bytes) }
                    if let bytes = raw.pointee.value { record.value = try value.deserialize(bytes) }
                } catch {
                    try userCode.failed(error, in: .deserialization, at: name, reading: raw)
                    return nil
                }
                let timestampMs: Int64
                do { timestampMs = try timestamp.extract(record, partitionTimeMs) } catch {
                    try userCode.failed(error, in: .processing, at: name, reading: raw)
                    return nil
                }
                guard timestampMs >= 0 else {
                    drops.drop(.negativeTimestamp, at: name)
                    return nil
                }
                record.timestampMs = timestampMs
                head.value.pointee = record
                return timestampMs
            },
            process: {
                guard let record = head.value.pointee.take() else { return }
                try forward(record)
            })
    }

    @usableFromInline
    init(
        decode: @escaping (_ record: UnsafePointer<RawRecord>, _ partitionTimeMs: Int64) throws -> Int64?,
        process: @escaping () throws -> Void
    ) {
        self.decode = decode
        self.process = process
    }
}
