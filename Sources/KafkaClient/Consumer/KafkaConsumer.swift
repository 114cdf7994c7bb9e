import CRdkafka

/// A consumer: either a member of a group (`subscribe`), or a reader of partitions assigned by hand.
///
/// It belongs to one thread. All calls block that thread for at most the timeout given, and all callbacks of librdkafka run
/// inside `poll` and `close` on it. Rebalances arrive as data:
///
///     let batch = try consumer.poll(maxMessages: 500, timeoutMs: 100)
///     for message in batch.messages { … }
///     for case .assigned(let partitions) in batch.events { try consumer.assign(…) }
///
/// Only the eager protocol is supported (`partition.assignment.strategy=range`): each rebalance revokes everything first. Every
/// poll, also one that does not wait, keeps `max.poll.interval.ms` from running out (rd_kafka_app_polled, from 2.0.2 on). To
/// the group, the release of a consumer that was not closed is a crash: its partitions stay assigned until the session ends.
package final class KafkaConsumer {
    let client: ClientHandle
    let rebalances: RebalanceRecorder
    let settings: ClientSettings
    var table: AssignmentTable
    /// The client for end offsets at the other isolation level, made at the first request.
    var otherIsolation: ClientHandle?
    private let queue: OpaquePointer
    /// The buffer of a poll's messages before they are sorted; as long as the longest poll so far.
    private var received = UnsafeMutableBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>?>(start: nil, count: 0)
    private var wakeUp: FetchWakeUp
    private var isClosed = false

    /// - Throws: the settings that librdkafka refuses. `group.id` is required even to read without a group.
    package init(_ settings: ClientSettings, log: ClientLogHandler? = nil) throws(KafkaError) {
        let rebalances = RebalanceRecorder()
        client = try ClientHandle(
            .consumer, settings, context: CallbackContext(log: ClientLog(log), rebalances: rebalances))
        self.settings = settings
        self.rebalances = rebalances
        wakeUp = FetchWakeUp(settings)
        // Errors of the client have to arrive through the consumer's queue too.
        try client.check(rd_kafka_poll_set_consumer(client.pointer), "create consumer")
        guard let queue = rd_kafka_queue_get_consumer(client.pointer) else {
            throw client.error(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "create consumer")
        }
        table = try AssignmentTable([], client: client)
        self.queue = queue
        rebalances.queue = queue
    }

    deinit {
        received.deallocate()
        rebalances.queue = nil
        // The queue is released before the client, which is released after this body.
        rd_kafka_queue_destroy(queue)
    }

    /// Joins the group of `group.id` to read these topics. Returns at once; `.assigned` follows from `poll`.
    package func subscribe(_ topics: [String]) throws(KafkaError) {
        try checkOpen("subscribe")
        let list = PartitionList(topics.map { TopicPartition($0, -1) })
        try client.check(
            list.lend { rd_kafka_subscribe(client.pointer, $0) }, "subscribe \(topics.joined(separator: ", "))")
    }

    /// Leaves the group; `.revoked` follows from `poll`.
    package func unsubscribe() throws(KafkaError) {
        try checkOpen("unsubscribe")
        try client.check(rd_kafka_unsubscribe(client.pointer), "unsubscribe")
    }

    /// Reads what is there, waiting up to `timeoutMs` for the first record.
    ///
    /// Returns early when a rebalance is due. Until `assign` or `unassign` answers it, no record of the partitions
    /// concerned arrives; records of partitions no longer assigned never do.
    /// - Parameter maxMessages: at least 1.
    /// - Throws: only if the consumer cannot poll at all; errors of partitions and brokers are events.
    package func poll(maxMessages: Int, timeoutMs: Int32) throws(KafkaError) -> PolledBatch {
        precondition(maxMessages > 0, "maxMessages must be positive")
        try checkOpen("poll")
        if received.count < maxMessages {
            received.deallocate()
            received = .allocate(capacity: maxMessages)
            received.initialize(repeating: nil)
        }
        let count = receive(atMost: maxMessages, timeoutMs: timeoutMs)
        guard count >= 0 else { throw client.error(rd_kafka_last_error(), "poll") }
        var events = rebalances.takeEvents()
        for error in client.log.takeErrors() { events.append(.error(error, nil)) }
        var size = 0
        let messages = sort(received: count, into: &events, size: &size)
        if wakeUp.isDue(afterReading: size) { wakeFetchers(of: messages) }
        return PolledBatch(messages: messages, events: events)
    }

    /// Fills `received`; returns how many messages there are, or −1.
    ///
    /// librdkafka waits for as many messages as it was asked for, not for the first one: it is asked for one, and then for the
    /// others that are there.
    private func receive(atMost maxMessages: Int, timeoutMs: Int32) -> Int {
        guard let first = received.baseAddress else { return 0 }
        let count = rd_kafka_consume_batch_queue(queue, timeoutMs, first, 1)
        guard count == 1, maxMessages > 1 else { return count }
        return count + max(0, rd_kafka_consume_batch_queue(queue, 0, first + 1, maxMessages - 1))
    }

    /// Leaves the group and closes the connection; at most about `session.timeout.ms` if the broker does not answer.
    ///
    /// Partitions still assigned are given up without an event: commit their offsets before. A static member
    /// (`group.instance.id`) does not leave: its partitions wait for it until its session ends (KIP-345).
    package func close() throws(KafkaError) {
        guard !isClosed else { return }
        isClosed = true
        rebalances.isClosing = true
        awaitStops()
        // Closing waits for a rebalance that was announced but not answered.
        switch rebalances.awaited {
        case .assign:
            let none = PartitionList(capacity: 0)
            _ = none.lend { rd_kafka_assign(client.pointer, $0) }
        case .unassign: rd_kafka_assign(client.pointer, nil)
        case nil: break
        }
        rebalances.answered()
        try client.check(rd_kafka_consumer_close(client.pointer), "close")
    }

    /// The error after which this consumer must be replaced, if there was one.
    package var fatalError: KafkaError? { client.fatalError }

    func checkOpen(_ operation: String) throws(KafkaError) {
        if isClosed { throw KafkaError(.invalidState, "The consumer is closed", context: operation) }
    }

    /// Keeps the records, makes events of the rest, and adds the bytes of all keys and values.
    private func sort(received count: Int, into events: inout [ConsumerEvent], size: inout Int) -> ConsumedMessages {
        let entries = UnsafeMutablePointer<ConsumedMessages.Entry>.allocate(capacity: count)
        var kept = 0
        var hint = 0
        for index in 0..<count {
            guard let message = received[index] else { continue }
            size += message.pointee.key_len + message.pointee.len
            let topicIndex = message.pointee.rkt.flatMap { table.index(of: $0, hint: hint) }
            if let topicIndex { hint = topicIndex }
            let slot = topicIndex.map { table.slot(topicIndex: $0, partition: message.pointee.partition) } ?? -1
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR, slot >= 0 {
                entries.advanced(by: kept).initialize(
                    to: ConsumedMessages.Entry(message: message, slot: slot, topicIndex: Int32(hint)))
                kept += 1
            } else {
                if let event = event(of: message, slot: slot) { events.append(event) }
                rd_kafka_message_destroy(message)
            }
        }
        return ConsumedMessages(entries, count: kept, table: table, client: client)
    }

    private func event(of message: UnsafeMutablePointer<rd_kafka_message_t>, slot: Int32) -> ConsumerEvent? {
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            return nil
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            return slot < 0 ? nil : .endOfPartition(slot: Int(slot), offset: message.pointee.offset)
        default:
            let partition = message.pointee.rkt.map {
                TopicPartition(String(cString: rd_kafka_topic_name($0)), message.pointee.partition)
            }
            let text = rd_kafka_message_errstr(message).map { String(cString: $0) }
            let operation = partition.map { "consume \($0)" } ?? "consume"
            return .error(client.error(message.pointee.err, operation, message: text), partition)
        }
    }
}
