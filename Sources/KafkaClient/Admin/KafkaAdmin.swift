import CRdkafka

/// An admin client for topics, groups and configurations. It may be used from several threads at once.
///
/// Each call blocks its thread for at most the timeout given. Nothing here creates a topic as a side effect.
package final class KafkaAdmin: Sendable {
    let client: ClientHandle

    /// - Throws: the settings that librdkafka refuses.
    package init(_ settings: ClientSettings, log: ClientLogHandler? = nil) throws(KafkaError) {
        client = try ClientHandle(.admin, settings, context: CallbackContext(log: ClientLog(log)))
    }

    /// The cluster's id; nil if the brokers have none.
    package func clusterID(timeoutMs: Int32) throws(KafkaError) -> String? {
        // rd_kafka_clusterid answers nil both for "none" and for "not in time".
        _ = try brokers(timeoutMs: timeoutMs)
        guard let id = rd_kafka_clusterid(client.pointer, timeoutMs) else { return nil }
        defer { rd_kafka_mem_free(client.pointer, id) }
        return String(cString: id)
    }

    /// The brokers of the cluster.
    package func brokers(timeoutMs: Int32) throws(KafkaError) -> [Broker] {
        try withMetadata(allTopics: false, timeoutMs: timeoutMs) { metadata in
            UnsafeBufferPointer(start: metadata.brokers, count: Int(metadata.broker_cnt)).map {
                Broker(id: $0.id, host: $0.host.map { String(cString: $0) } ?? "", port: $0.port)
            }
        }
    }

    /// The names of all topics except the brokers' internal ones.
    package func topicNames(timeoutMs: Int32) throws(KafkaError) -> [String] {
        try withMetadata(allTopics: true, timeoutMs: timeoutMs) { metadata in
            UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt))
                .compactMap { $0.topic.map { String(cString: $0) } }
                .filter { !$0.hasPrefix("__") }
        }
    }

    func withMetadata<Value>(
        allTopics: Bool, timeoutMs: Int32, _ read: (rd_kafka_metadata) -> Value
    ) throws(KafkaError) -> Value {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.pointer, allTopics ? 1 : 0, nil, &metadata, timeoutMs)
        // Errors of the connection wait in the main queue, which nothing else serves.
        rd_kafka_poll(client.pointer, 0)
        try client.check(code, "metadata")
        guard let metadata else { throw client.error(RD_KAFKA_RESP_ERR__FAIL, "metadata") }
        defer { rd_kafka_metadata_destroy(metadata) }
        return read(metadata.pointee)
    }

    /// Submits one request and reads its result.
    ///
    /// - Parameters:
    ///   - submit: gets the options and the queue to submit to.
    ///   - read: gets the event with the result, which is freed afterwards.
    func request<Value>(
        _ operation: rd_kafka_admin_op_t, _ name: String, timeoutMs: Int32,
        submit: (_ options: OpaquePointer, _ queue: OpaquePointer) -> Void,
        read: (_ event: OpaquePointer) throws(KafkaError) -> Value
    ) throws(KafkaError) -> Value {
        guard let options = rd_kafka_AdminOptions_new(client.pointer, operation),
            let queue = rd_kafka_queue_new(client.pointer)
        else { throw client.error(RD_KAFKA_RESP_ERR__FAIL, name) }
        defer {
            rd_kafka_queue_destroy(queue)
            rd_kafka_AdminOptions_destroy(options)
        }
        var refused = RD_KAFKA_RESP_ERR_NO_ERROR
        let reason = withErrorText {
            refused = rd_kafka_AdminOptions_set_request_timeout(options, timeoutMs, $0, $1)
        }
        guard refused == RD_KAFKA_RESP_ERR_NO_ERROR else { throw client.error(refused, name, message: reason) }
        if Self.waitsForTheCluster.contains(operation.rawValue) {
            _ = withErrorText { rd_kafka_AdminOptions_set_operation_timeout(options, timeoutMs, $0, $1) }
        }
        submit(options, queue)
        // The request times out by itself; the additional second covers the transfer of its answer.
        let limitMs = timeoutMs.addingReportingOverflow(1_000)
        let event = rd_kafka_queue_poll(queue, limitMs.overflow ? .max : limitMs.partialValue)
        rd_kafka_poll(client.pointer, 0)
        guard let event else { throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT, name) }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw client.error(code, name, message: rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        return try read(event)
    }

    /// Operations in which the broker waits for its peers, up to a separate limit.
    private static let waitsForTheCluster = [
        RD_KAFKA_ADMIN_OP_CREATETOPICS, RD_KAFKA_ADMIN_OP_DELETETOPICS, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
        RD_KAFKA_ADMIN_OP_DELETERECORDS,
    ].map(\.rawValue)
}

/// A broker's address.
package struct Broker: Sendable, Hashable {
    package var id: Int32
    package var host: String
    package var port: Int32
}

/// The outcome of each item of one request, by name.
package typealias AdminResults<Name: Hashable> = [Name: Result<Void, KafkaError>]

/// Makes a Swift array of librdkafka's `(array, count)` results.
func adminArray(_ fetch: (UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?) -> [OpaquePointer] {
    var count = 0
    let start = fetch(&count)
    return UnsafeBufferPointer(start: start, count: start == nil ? 0 : count).compactMap(\.self)
}
