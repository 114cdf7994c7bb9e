/// The headers that say of a dead letter what went wrong, and with which record. Kafka: `HEADER_ERRORS_…_NAME` of
/// `ExceptionHandlerUtils` (KIP-1034).
package enum DeadLetterHeader: String, CaseIterable, Sendable {
    /// The type of the error.
    case exception = "__streams.errors.exception"
    /// The error in words, with the operator and the task.
    case message = "__streams.errors.message"
    /// The error with everything that is known of it.
    case stacktrace = "__streams.errors.stacktrace"
    /// The topic of the record that failed.
    case topic = "__streams.errors.topic"
    /// The record's partition, in decimal digits.
    case partition = "__streams.errors.partition"
    /// The record's offset, in decimal digits.
    case offset = "__streams.errors.offset"
}

extension Headers {
    package mutating func append(_ header: DeadLetterHeader, _ text: String) {
        append(name: header.rawValue, text: text)
    }
}
