import CRdkafka

/// The target of the opaque pointer of librdkafka's callbacks.
///
/// `log` is written from librdkafka's threads and is Sendable, and so is what `deliveries` notes acknowledgements in. The
/// rest is touched only by callbacks that run on the
/// thread which polls, flushes, commits or closes, that is the thread owning the client.
final class CallbackContext {
    let log: ClientLog
    let rebalances: RebalanceRecorder?
    let deliveries: DeliveryReports?

    init(log: ClientLog, rebalances: RebalanceRecorder? = nil, deliveries: DeliveryReports? = nil) {
        self.log = log
        self.rebalances = rebalances
        self.deliveries = deliveries
    }

    /// Registers the callbacks. `opaque` must stay valid until the client is destroyed.
    func install(in configuration: OpaquePointer?, opaque: UnsafeMutableRawPointer) {
        rd_kafka_conf_set_opaque(configuration, opaque)
        rd_kafka_conf_set_log_cb(configuration, writeLog)
        rd_kafka_conf_set_error_cb(configuration, recordError)
        if rebalances != nil { rd_kafka_conf_set_rebalance_cb(configuration, recordRebalance) }
        if deliveries != nil {
            rd_kafka_conf_set_dr_msg_cb(configuration, recordFailure)
            AcknowledgementInterceptor.install(in: configuration)
        }
    }
}

private func context(_ opaque: UnsafeMutableRawPointer?) -> CallbackContext? {
    opaque.map { Unmanaged<CallbackContext>.fromOpaque($0).takeUnretainedValue() }
}

/// Runs on any of librdkafka's threads; `client` is nil for lines written before it exists.
private let writeLog:
    @convention(c) @Sendable (
        OpaquePointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?
    ) -> Void = { client, level, facility, message in
        guard let client, let context = context(rd_kafka_opaque(client)) else { return }
        context.log.write(
            level: Int(level), facility: facility.map { String(cString: $0) } ?? "",
            message: message.map { String(cString: $0) } ?? "")
    }

/// Runs on the thread that polls.
private let recordError:
    @convention(c) @Sendable (
        OpaquePointer?, Int32, UnsafePointer<CChar>?, UnsafeMutableRawPointer?
    ) -> Void = { client, code, reason, opaque in
        guard let client, let context = context(opaque) else { return }
        let code = KafkaError.Code(rawValue: code)
        let reason = reason.map { String(cString: $0) } ?? code.sentence
        guard code == .fatal else {
            var error = KafkaError(code, reason, context: "client")
            if code == .allBrokersDown, let problem = context.log.connectionProblem { error.message += ". " + problem }
            context.log.record(error)
            return
        }
        var cause = RD_KAFKA_RESP_ERR_NO_ERROR
        let text = withErrorText { cause = rd_kafka_fatal_error(client, $0, $1) }
        context.log.record(KafkaError(KafkaError.Code(cause), text, context: "client", isFatal: true))
    }

/// Runs on the thread that polls or closes the consumer.
private let recordRebalance:
    @convention(c) @Sendable (
        OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
        UnsafeMutableRawPointer?
    ) -> Void = { client, code, partitions, opaque in
        guard let client, let context = context(opaque) else { return }
        context.rebalances?.record(code, partitions, client: client)
    }

/// Runs on the thread that polls, flushes, commits or aborts.
private let recordFailure:
    @convention(c) @Sendable (
        OpaquePointer?, UnsafePointer<rd_kafka_message_t>?, UnsafeMutableRawPointer?
    ) -> Void = { _, message, opaque in
        guard let message else { return }
        context(opaque)?.deliveries?.failed(message)
    }
