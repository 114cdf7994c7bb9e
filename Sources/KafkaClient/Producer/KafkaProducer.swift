import CRdkafka

/// A producer, transactional if `transactional.id` is set.
///
/// It belongs to one thread: librdkafka reports failed deliveries only inside `poll`, `flush`, `commitTransaction`,
/// `abortTransaction`, on the thread that calls them. Call `poll` regularly, or they go unnoticed.
package final class KafkaProducer {
    let client: ClientHandle
    private let deliveries: DeliveryReports
    private let fields = ProduceFields()
    private var topics: [String: ProducerTopic] = [:]

    /// The partition is chosen by the `partitioner` setting; Kafka's own choice needs `murmur2_random`.
    package static let unassignedPartition: Int32 = -1

    /// - Throws: the settings that librdkafka refuses.
    package init(_ settings: ClientSettings, log: ClientLogHandler? = nil) throws(KafkaError) {
        let deliveries = DeliveryReports()
        var settings = settings
        settings["delivery.report.only.error"] = "true"
        client = try ClientHandle(
            .producer, settings, context: CallbackContext(log: ClientLog(log), deliveries: deliveries))
        self.deliveries = deliveries
    }

    /// The topic's handle, the same one every time; kept until the producer is released.
    package func topic(named name: String) throws(KafkaError) -> ProducerTopic {
        if let topic = topics[name] { return topic }
        let topic = try ProducerTopic(name, client: client, deliveries: deliveries)
        topics[name] = topic
        return topic
    }

    /// Returns the number of partitions of a topic.
    ///
    /// - Throws: `.unknownTopic` and the like as the broker says; `.timedOut`.
    package func partitionCount(of topic: ProducerTopic, timeoutMs: Int32) throws(KafkaError) -> Int32 {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.pointer, 0, topic.handle.pointer, &metadata, timeoutMs)
        try client.check(code, "metadata of \(topic.name)")
        guard let metadata else { throw client.error(RD_KAFKA_RESP_ERR__FAIL, "metadata of \(topic.name)") }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0, let found = metadata.pointee.topics?.pointee else {
            throw client.error(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "metadata of \(topic.name)")
        }
        try client.check(found.err, "metadata of \(topic.name)")
        return found.partition_cnt
    }

    /// Queues one record, copying its key and value. nil is null, an empty buffer is empty.
    ///
    /// - Parameter timestampMs: milliseconds since 1970, nil for now. librdkafka takes 0 for "now", so 0 is sent as 1.
    /// - Throws: `.queueFull` (poll, then call again), `.invalidTimestamp` for a negative one, `.messageTooLarge`,
    ///   `.unknownPartition`.
    package func produce(
        _ topic: ProducerTopic, partition: Int32 = unassignedPartition, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?, timestampMs: Int64? = nil, headers: [MessageHeader] = []
    ) throws(KafkaError) {
        precondition(topic.clientID == ObjectIdentifier(client), "the topic belongs to another producer")
        if let timestampMs, timestampMs < 0 {
            throw KafkaError(
                .invalidTimestamp, "A timestamp must not be negative: \(timestampMs)",
                context: "produce to \(topic.name)")
        }
        let list = headers.isEmpty ? nil : Self.list(headers)
        let error = fields.produce(
            client.pointer, topic, partition: partition, key: key, value: value,
            timestampMs: timestampMs.map { max(1, $0) } ?? 0, headers: list)
        guard let error else { return }
        if let list { rd_kafka_headers_destroy(list) }
        throw KafkaError(consuming: error, context: "produce to \(topic.name)-\(partition)").classified(by: client)
    }

    /// Serves reports of failed deliveries, waiting up to `timeoutMs` for one; returns how many events were served.
    @discardableResult
    package func poll(timeoutMs: Int32 = 0) -> Int {
        Int(rd_kafka_poll(client.pointer, timeoutMs))
    }

    /// Waits until every record is acknowledged or has failed.
    /// - Throws: `.timedOut` with records still on their way.
    package func flush(timeoutMs: Int32) throws(KafkaError) {
        try client.check(rd_kafka_flush(client.pointer, timeoutMs), "flush")
    }

    /// Drops all records not yet acknowledged. They do not count as delivery errors.
    package func purge() throws(KafkaError) {
        let flags = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT
        try client.check(rd_kafka_purge(client.pointer, flags), "purge")
    }

    /// Flushes. The connection is closed when the producer is released.
    package func close(timeoutMs: Int32) throws(KafkaError) {
        try flush(timeoutMs: timeoutMs)
    }

    /// Returns the failed deliveries of one topic, in the order in which topics began to fail. Call it until it returns `nil`.
    package func takeDeliveryFailure() -> DeliveryFailure? { deliveries.takeFailure() }

    /// Drops the failures that ``takeDeliveryFailure()`` has not returned yet.
    package func forgetDeliveryFailures() { deliveries.forgetFailures() }

    /// The error after which this producer must be replaced, if there was one.
    package var fatalError: KafkaError? { client.fatalError }

    /// The highest acknowledged offset of the records sent to a partition by its number, which is that of a transaction only
    /// once it has been committed.
    package func deliveredOffset(_ topic: ProducerTopic, partition: Int32) -> Int64? {
        topic.deliveredOffset(partition: partition)
    }

    private static func list(_ headers: [MessageHeader]) -> OpaquePointer? {
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            var name = header.name
            name.withUTF8 { name in
                guard let value = header.value else {
                    rd_kafka_header_add(list, name.baseAddress, name.count, nil, 0)
                    return
                }
                value.withUnsafeBytes { bytes in
                    // An empty array has no address, and nil would make it null.
                    let start = bytes.baseAddress ?? UnsafeRawPointer(name.baseAddress)
                    rd_kafka_header_add(list, name.baseAddress, name.count, start, bytes.count)
                }
            }
        }
        return list
    }
}

extension KafkaError {
    /// `rd_kafka_produceva` creates its errors without flags. This asks the client whether it is the fatal one; and records do not fit the
    /// client's state where a transaction has failed, which it has found out meanwhile.
    fileprivate func classified(by client: ClientHandle) -> KafkaError {
        if let fatal = client.fatalError, code == .fatal || code == fatal.code { return fatal.during(context) }
        return KafkaError(
            code, message, context: context, isFatal: isFatal, requiresAbort: !isFatal && code == .invalidState)
    }
}
