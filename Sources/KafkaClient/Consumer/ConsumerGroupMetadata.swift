import CRdkafka

/// A consumer's group, generation and member id at one moment; a producer commits offsets on the consumer's behalf with it
/// (KIP-447), and the broker refuses those of an older generation.
package final class ConsumerGroupMetadata {
    let pointer: OpaquePointer

    /// Takes ownership.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Makes it again from ``encoded()``.
    ///
    /// - Throws: librdkafka's reason if the bytes are not such a form.
    package init(encoded: [UInt8]) throws(KafkaError) {
        var pointer: OpaquePointer?
        let problem = encoded.withUnsafeBytes {
            rd_kafka_consumer_group_metadata_read(&pointer, $0.baseAddress, $0.count)
        }
        let operation = "read group metadata"
        if let problem { throw KafkaError(consuming: problem, context: operation) }
        guard let pointer else { throw KafkaError(.invalidArgument, "There are no metadata", context: operation) }
        self.pointer = pointer
    }

    deinit {
        rd_kafka_consumer_group_metadata_destroy(pointer)
    }

    /// Its bytes, in a form that only clients of the same process understand.
    package func encoded() throws(KafkaError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        if let problem = rd_kafka_consumer_group_metadata_write(pointer, &bytes, &count) {
            throw KafkaError(consuming: problem, context: "write group metadata")
        }
        guard let bytes else { return [] }
        defer { rd_kafka_mem_free(nil, bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
