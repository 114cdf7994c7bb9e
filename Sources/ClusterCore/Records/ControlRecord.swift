/// The marker that ends a transaction in a partition.
///
/// Source: `org.apache.kafka.common.record.ControlRecordType`, `EndTransactionMarker`: the key is a version and a type,
/// the value a version and the coordinator's epoch.
package enum ControlRecord: Int16, Sendable {
    case abort = 0
    case commit = 1

    /// The only coordinator's epoch.
    static let coordinatorEpoch: Int32 = 0

    /// A control batch with this marker.
    package func batch(producer: ProducerIdentity, nowMs: Int64) -> [UInt8] {
        var key: [UInt8] = []
        key.appendBigEndian(Int16(0))
        key.appendBigEndian(rawValue)
        var value: [UInt8] = []
        value.appendBigEndian(Int16(0))
        value.appendBigEndian(Self.coordinatorEpoch)
        var writer = RecordBatchWriter(producer: producer, isTransactional: true, isControl: true)
        writer.append(key: key, value: value, timestampMs: nowMs)
        return writer.finish()
    }

    /// The marker in a control batch; nil if it has none that we know.
    package init?(in batch: RecordBatch) {
        guard batch.header.attributes.isControl,
            let record = try? RecordBatchReader.records(of: batch).first,
            let key = record.key, key.count >= 4
        else { return nil }
        self.init(rawValue: key.loadBigEndian(at: key.startIndex + 2))
    }
}
