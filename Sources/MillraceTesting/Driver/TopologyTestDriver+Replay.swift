package import Millrace

/// A record that a task of a test driver has written.
package struct WrittenRecord: Sendable {
    package let topic: String
    package let partition: Int32
    package let key: [UInt8]?
    package let value: [UInt8]?
    package let timestampMs: Int64
    package let headers: Headers

    init(_ sent: DriverProducer.Sent) {
        topic = sent.topic.name
        partition = sent.record.partition
        key = sent.record.bytes.key.map(Array.init)
        value = sent.record.bytes.value.map(Array.init)
        timestampMs = sent.record.timestampMs
        headers = sent.record.headers
    }
}

/// The functions that a replay of a cluster's records needs and tests do not.
extension TopologyTestDriver {
    /// Passes every record that the tasks write to a closure, in order, those of changelogs and repartition topics included. They
    /// are then not kept for ``outputTopic(_:key:value:)``.
    package func onWrite(_ listener: @escaping (WrittenRecord) -> Void) { writeListener = listener }

    /// Pipes a record that stands at this offset of its partition: errors and processors see it as the record's own.
    ///
    /// - Throws: `StreamsError` with code `.topic` if the topology does not read the topic or it has no such partition, and the
    ///   errors of the topology or of its error handlers.
    package func pipe(
        _ topic: String, partition: Int32, offset: Int64, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64,
        headers: Headers
    ) throws {
        let topic = topics[topic]
        if (0..<topic.partitionCount).contains(partition) { topic.seek(partition: partition, to: offset) }
        try pipe(
            topic, partition: partition, .copy(key: key, value: value), timestampMs: timestampMs, headers: headers)
    }
}
