import CRdkafka

/// Owns one `rd_kafka_t`. Whatever points into the client (messages, topics, batches) retains this.
///
/// Lifetime: librdkafka's callbacks get an unretained pointer to `CallbackContext`; the handle keeps one retain of it until
/// `rd_kafka_destroy` has returned, after which no callback runs (`ClientEnd`).
///
/// A consumer that was not closed is destroyed without leaving its group, as a crash would.
// @unchecked: rd_kafka_t may be used from any thread (INTRODUCTION.md), and all properties are constant.
final class ClientHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let log: ClientLog
    private let context: Unmanaged<CallbackContext>

    /// - Throws: the first setting that is refused, or librdkafka's reason for not creating the client.
    init(_ kind: ClientKind, _ settings: ClientSettings, context: CallbackContext) throws(KafkaError) {
        let problems = ClientSettings.validate(settings, for: kind)
        if let first = problems.first {
            throw problems.count == 1
                ? first
                : KafkaError(.invalidArgument, problems.map(\.description).joined(separator: "; "), context: "settings")
        }
        let configuration = rd_kafka_conf_new()
        for entry in settings.entries { _ = ClientSettings.apply(entry, to: configuration) }
        let retained = Unmanaged.passRetained(context)
        context.install(in: configuration, opaque: retained.toOpaque())

        var client: OpaquePointer?
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        let reason = withErrorText { client = rd_kafka_new(type, configuration, $0, $1) }
        guard let client else {
            // rd_kafka_new owns the configuration only where it succeeds.
            rd_kafka_conf_destroy(configuration)
            retained.release()
            throw KafkaError(.invalidArgument, reason, context: "create \(kind)")
        }
        self.pointer = client
        self.log = context.log
        self.context = retained
    }

    deinit {
        guard !ClientEnd.destroy(pointer, context: context) else { return }
        log.write(
            level: 3, facility: "DESTROY",
            message: "the client did not end within \(ClientEnd.limitMs) ms; it is left behind")
    }

    /// The fatal error of this client, if one was raised.
    var fatalError: KafkaError? {
        var code = RD_KAFKA_RESP_ERR_NO_ERROR
        let reason = withErrorText { code = rd_kafka_fatal_error(pointer, $0, $1) }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(KafkaError.Code(code), reason, isFatal: true)
    }

    /// - Throws: if `code` is an error.
    func check(_ code: rd_kafka_resp_err_t, _ operation: @autoclosure () -> String) throws(KafkaError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw error(code, operation()) }
    }

    /// - Throws: if there is an error object; frees it.
    func check(_ object: OpaquePointer?, _ operation: @autoclosure () -> String) throws(KafkaError) {
        guard let object else { return }
        throw explained(KafkaError(consuming: object, context: operation()))
    }

    /// Makes an error of a plain code. A fatal code is replaced by its cause, and an unreachable broker is named.
    func error(_ code: rd_kafka_resp_err_t, _ operation: String, message: String? = nil) -> KafkaError {
        if code == RD_KAFKA_RESP_ERR__FATAL, let fatalError { return fatalError.during(operation) }
        let code = KafkaError.Code(code)
        return explained(KafkaError(code, message ?? code.sentence, context: operation))
    }

    /// Adds the address and reason to an error that says no more than "timed out".
    func explained(_ error: KafkaError) -> KafkaError {
        guard error.isBrokerUnreachable || error.code == .timedOut, let problem = log.connectionProblem else {
            return error
        }
        var explained = error
        explained.message += ". " + problem
        return explained
    }
}

extension KafkaError.Code {
    init(_ code: rd_kafka_resp_err_t) {
        self.init(rawValue: code.rawValue)
    }
}

extension KafkaError {
    /// Copies librdkafka's error object and destroys it.
    init(consuming object: OpaquePointer, context: String) {
        self.init(
            Code(rd_kafka_error_code(object)), String(cString: rd_kafka_error_string(object)), context: context,
            isFatal: rd_kafka_error_is_fatal(object) != 0, isRetriable: rd_kafka_error_is_retriable(object) != 0,
            requiresAbort: rd_kafka_error_txn_requires_abort(object) != 0)
        rd_kafka_error_destroy(object)
    }
}
