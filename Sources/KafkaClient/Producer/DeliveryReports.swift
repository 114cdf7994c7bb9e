import CRdkafka
import Synchronization

/// The outcomes of the produced records.
///
/// Errors arrive on the thread that polls. librdkafka's threads note the acknowledgements, which costs nothing but the note. As
/// reports to the polling thread, one for each record, they took a tenth of its time.
final class DeliveryReports {
    /// One for each topic, in the order in which they began to fail.
    private var failures: [DeliveryFailure] = []
    /// Kept until no more callbacks can arrive: records on their way point at them.
    private var offsets: [DeliveredOffset] = []

    /// A place for the highest acknowledged offset of a partition.
    func makeOffset() -> DeliveredOffset {
        let offset = DeliveredOffset()
        offsets.append(offset)
        return offset
    }

    func failed(_ message: UnsafePointer<rd_kafka_message_t>) {
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
            // Dropped at the caller's request, by an abort or `purge`.
            break
        default:
            let topic = message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
            if let index = failures.firstIndex(where: { $0.topic == topic }) {
                failures[index].count += 1
            } else {
                failures.append(DeliveryFailure(message.pointee, topic: topic))
            }
        }
    }

    func takeFailure() -> DeliveryFailure? { failures.isEmpty ? nil : failures.removeFirst() }
    func forgetFailures() { failures = [] }
}

/// Records of one topic that were not delivered.
package struct DeliveryFailure: Sendable {
    /// The error of the first of them, as what follows is about that one.
    package var error: KafkaError
    package var topic: String
    package var partition: Int32
    /// The key's first 64 bytes; `nil` for a null key.
    package var keyPrefix: [UInt8]?
    /// The bytes of key and value.
    package var sizeInBytes: Int
    /// The number of records of the topic that were not delivered.
    package var count = 1

    fileprivate init(_ message: rd_kafka_message_t, topic: String) {
        let code = KafkaError.Code(message.err)
        // A record for a topic that is not there has no partition yet.
        let place = message.partition < 0 ? topic : "\(topic)-\(message.partition)"
        error = KafkaError(code, code.sentence, context: "deliver to \(place)")
        self.topic = topic
        partition = message.partition
        keyPrefix = message.key.map { Array(UnsafeRawBufferPointer(start: $0, count: min(64, message.key_len))) }
        sizeInBytes = message.key_len + message.len
    }
}

/// The highest acknowledged offset of one partition.
final class DeliveredOffset: Sendable {
    private let highest = Atomic<Int64>(-1)

    /// `nil` before the first acknowledgement.
    var value: Int64? {
        let offset = highest.load(ordering: .acquiring)
        return offset < 0 ? nil : offset
    }

    /// Runs on a thread of librdkafka.
    func acknowledged(_ offset: Int64) {
        // Without acknowledgements (acks=0) there is no offset.
        highest.max(offset, ordering: .releasing)
    }
}

/// The interceptor that sees every acknowledgement on the thread that received it. See rdkafka.h, "Interceptors".
enum AcknowledgementInterceptor {
    private static let name = "millrace-delivered-offsets"

    static func install(in configuration: OpaquePointer?) {
        rd_kafka_conf_interceptor_add_on_new(configuration, name, addToClient, nil)
    }

    private static let addToClient:
        @convention(c) (
            OpaquePointer?, OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, Int
        ) -> rd_kafka_resp_err_t = { client, _, _, _, _ in
            rd_kafka_interceptor_add_on_acknowledgement(client, name, acknowledged, nil)
        }

    private static let acknowledged:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<rd_kafka_message_t>?, UnsafeMutableRawPointer?
        ) -> rd_kafka_resp_err_t = { _, message, _ in
            guard let message, message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR,
                let opaque = message.pointee._private
            else { return RD_KAFKA_RESP_ERR_NO_ERROR }
            // Set in `produce`; the client's context keeps it until the client is destroyed.
            Unmanaged<DeliveredOffset>.fromOpaque(opaque)._withUnsafeGuaranteedRef {
                $0.acknowledged(message.pointee.offset)
            }
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
}
