import CRdkafka

/// Turns librdkafka's rebalance callback into data.
///
/// The callback only takes a note. The group waits for `rd_kafka_assign` without a limit: the coordinator's answer stays in the
/// states wait-assign-call and wait-unassign-call (rdkafka_cgrp.c), and in the meantime librdkafka has paused the partitions
/// and outdated their queued messages, so that polling returns none of them.
///
/// The note ends the running poll with `rd_kafka_queue_yield`, not `rd_kafka_yield`: in `rd_kafka_consume_batch_queue` the
/// latter is noticed only when the next message has been taken off the queue, and loses that message.
final class RebalanceRecorder {
    /// The call that the group is waiting for.
    enum Awaited {
        case assign, unassign
    }

    private(set) var awaited: Awaited?
    /// While closing nobody reads the notes: revocations are acknowledged in the callback itself.
    var isClosing = false
    /// The consumer's queue, borrowed from it; nil before it is known.
    var queue: OpaquePointer?
    private var events: [ConsumerEvent] = []

    func record(
        _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
        client: OpaquePointer
    ) {
        guard !isClosing else {
            rd_kafka_assign(client, nil)
            return
        }
        let list = partitions.map { UnsafePointer($0).topicPartitions } ?? []
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            awaited = .assign
            events.append(.assigned(list))
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            awaited = .unassign
            events.append(.revoked(list, lost: rd_kafka_assignment_lost(client) != 0))
        default:
            rd_kafka_assign(client, nil)
            let code = KafkaError.Code(code)
            events.append(.error(KafkaError(code, code.sentence, context: "rebalance"), nil))
        }
        if let queue { rd_kafka_queue_yield(queue) }
    }

    /// Notes that the awaited call was made.
    func answered() {
        awaited = nil
    }

    /// The notes since the last call.
    func takeEvents() -> [ConsumerEvent] {
        guard !events.isEmpty else { return [] }
        defer { events = [] }
        return events
    }
}
