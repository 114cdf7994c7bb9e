/// A failure reported by librdkafka or by a broker.
///
/// Besides the code and librdkafka's own words it answers the three questions that decide what to do next: is the client
/// beyond repair (`isFatal`), may the same call be made again (`isRetriable`), must the transaction be aborted first
/// (`requiresAbort`). Catch one kind with `catch KafkaError.Code.queueFull`.
package struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The code of the error; librdkafka's `rd_kafka_resp_err_t`.
    package var code: Code
    /// librdkafka's or the broker's words for it.
    package var message: String
    /// True if the client instance can do no more useful work and must be replaced.
    package var isFatal: Bool
    /// True if making the same call again can succeed.
    package var isRetriable: Bool
    /// True if the current transaction has to be aborted before anything else is produced.
    package var requiresAbort: Bool
    /// The operation, with the topic and partition where known, such as `commit orders-3`.
    package var context: String

    package init(
        _ code: Code, _ message: String, context: String = "", isFatal: Bool = false, isRetriable: Bool? = nil,
        requiresAbort: Bool = false
    ) {
        self.code = code
        self.message = message
        self.isFatal = isFatal
        self.isRetriable = isRetriable ?? (!isFatal && code.isUsuallyRetriable)
        self.requiresAbort = requiresAbort
        self.context = context
    }

    /// True if the error says that there is no connection to a broker.
    package var isBrokerUnreachable: Bool {
        [.transport, .allBrokersDown, .resolve].contains(code)
    }

    /// `subscribe: UNKNOWN_GROUP: Local: Unknown group (fatal)`.
    package var description: String {
        var text = context.isEmpty ? "" : context + ": "
        text += "\(code): \(message)"
        if isFatal { text += " (fatal)" }
        if requiresAbort { text += " (the transaction must be aborted)" }
        return text
    }

    /// The same error with another context.
    func during(_ operation: String) -> KafkaError {
        var error = self
        error.context = operation
        return error
    }
}
