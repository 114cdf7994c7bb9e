import CRdkafka

/// A consumer's group, generation and member id at one moment; a producer commits offsets on the consumer's behalf with it
/// (KIP-447), and the broker refuses those of an older generation.
package final class ConsumerGroupMetadata {
    let pointer: OpaquePointer

    /// Takes ownership.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        rd_kafka_consumer_group_metadata_destroy(pointer)
    }
}
