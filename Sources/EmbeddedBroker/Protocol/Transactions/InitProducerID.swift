import ClusterCore

/// Gives a producer its identity, and fences the one before it (KIP-98).
enum InitProducerID {
    struct Request: WireRequest {
        typealias Response = InitProducerID.Response
        static let api = API.initProducerID

        /// Nil for a producer that is only idempotent.
        var transactionalID: String?
        var transactionTimeoutMs: Int32 = 0
        /// The identity the producer has, where it asks for the next epoch (KIP-360); -1 otherwise.
        var producerID: Int64 = -1
        var producerEpoch: Int16 = -1

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalID)
            try coder.field(&transactionTimeoutMs)
            try coder.field(&producerID, since: 3)
            try coder.field(&producerEpoch, since: 3)
        }
    }

    struct Response: WireResponse {
        static let api = API.initProducerID

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        var producerID: Int64 = -1
        var producerEpoch: Int16 = -1

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&error)
            try coder.field(&producerID)
            try coder.field(&producerEpoch)
        }
    }
}
