import CRdkafka

/// Counts what became of the records produced, without an allocation per record.
final class DeliveryReports {
    /// Handed to librdkafka and not yet reported on.
    private(set) var inFlight = 0
    private(set) var acknowledged = 0
    private var firstError: KafkaError?

    func sent() {
        inFlight += 1
    }

    func record(_ message: UnsafePointer<rd_kafka_message_t>) {
        inFlight -= 1
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            acknowledged += 1
            guard let opaque = message.pointee._private else { return }
            // Set in `produce`; the producer keeps its topics until the client is destroyed.
            Unmanaged<ProducerTopic>.fromOpaque(opaque)._withUnsafeGuaranteedRef {
                $0.delivered(partition: message.pointee.partition, offset: message.pointee.offset)
            }
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
            // Dropped at the caller's request, by an abort or `purge`.
            break
        default:
            if firstError == nil { firstError = Self.error(of: message) }
        }
    }

    func takeError() -> KafkaError? {
        defer { firstError = nil }
        return firstError
    }

    private static func error(of message: UnsafePointer<rd_kafka_message_t>) -> KafkaError {
        let code = KafkaError.Code(message.pointee.err)
        let topic = message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
        return KafkaError(code, code.sentence, context: "deliver to \(topic)-\(message.pointee.partition)")
    }
}
