/// The response to a record that could not be read, processed or written.
public enum ErrorResponse: Sendable, Hashable {
    /// Stop the task: nothing of the present transaction is committed.
    case fail
    /// Count the record as dropped, log it and continue.
    case `continue`
    /// Write the source record to this topic, with headers that describe the error, and continue.
    ///
    /// The headers are those of KIP-1034: `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`,
    /// `.partition`, `.offset`.
    case deadLetter(topic: String)
}

/// The information that an error handler gets.
public struct ErrorContext: Sendable {
    /// The error, with its operator, topic, partition and offset.
    public let error: StreamsError
    /// The bytes of the source record's key; `nil` for a null key.
    public let key: [UInt8]?
    /// The bytes of the source record's value; `nil` for a tombstone.
    public let value: [UInt8]?

    /// Makes a context, for tests of handlers.
    ///
    /// - Parameters:
    ///   - error: the error, with the operator and the record's partition and offset.
    ///   - key: the record's key as bytes; `nil` if it has none.
    ///   - value: the record's value as bytes; `nil` if it has none.
    public init(error: StreamsError, key: [UInt8]?, value: [UInt8]?) {
        self.error = error
        self.key = key
        self.value = value
    }
}

/// The handlers of bad records, one for each of three situations. Each stops the task by default, as in Kafka Streams.
public struct ErrorHandlers: Sendable {
    /// Decides about one error. It may be called on several threads at once.
    public typealias Handler = @Sendable (ErrorContext) -> ErrorResponse

    /// The handler of bytes that are not a value of the source's type. Kafka: `DeserializationExceptionHandler`.
    public var deserialization: Handler { didSet { responses[.deserialization] = nil } }
    /// The handler of errors thrown by the topology's closures. Kafka: `ProcessingExceptionHandler` (KIP-1033).
    public var processing: Handler { didSet { responses[.processing] = nil } }
    /// The handler of results that could not be serialised or that the broker refused. Kafka: `ProductionExceptionHandler`.
    public var production: Handler { didSet { responses[.production] = nil } }
    /// The responses that are the same for every error, and so known in advance.
    private var responses: [DropReason: ErrorResponse] = [:]

    /// Makes handlers that all respond with `.fail`.
    public init() { self.init(deserialization: .fail, processing: .fail, production: .fail) }

    /// Makes handlers that choose by the error; those not given respond with `.fail`.
    ///
    /// - Parameters:
    ///   - deserialization: the response to records whose bytes cannot be read.
    ///   - processing: the response to records for which a closure of the topology throws.
    ///   - production: the response to records that cannot be written.
    public init(
        deserialization: @escaping Handler = { _ in .fail },
        processing: @escaping Handler = { _ in .fail },
        production: @escaping Handler = { _ in .fail }
    ) {
        self.deserialization = deserialization
        self.processing = processing
        self.production = production
    }

    /// Makes handlers with the same response to every error of a kind; those not given respond with `.fail`.
    ///
    /// ```swift
    /// ErrorHandlers(deserialization: .deadLetter(topic: "unreadable"), processing: .continue)
    /// ```
    ///
    /// - Parameters:
    ///   - deserialization: the response to records whose bytes cannot be read.
    ///   - processing: the response to records for which a closure of the topology throws.
    ///   - production: the response to records that cannot be written.
    public init(
        deserialization: ErrorResponse = .fail, processing: ErrorResponse = .fail, production: ErrorResponse = .fail
    ) {
        self.init(
            deserialization: { _ in deserialization }, processing: { _ in processing }, production: { _ in production })
        responses = [.deserialization: deserialization, .processing: processing, .production: production]
    }

    /// Returns the same handlers, which tell an observer of each error and of the response to it.
    package func observed(
        by observe: @escaping @Sendable (DropReason, ErrorContext, ErrorResponse) -> Void
    ) -> ErrorHandlers {
        func observed(_ handler: @escaping Handler, _ reason: DropReason) -> Handler {
            { context in
                let response = handler(context)
                observe(reason, context, response)
                return response
            }
        }
        var handlers = ErrorHandlers(
            deserialization: observed(deserialization, .deserialization), processing: observed(processing, .processing),
            production: observed(production, .production))
        handlers.responses = responses
        return handlers
    }

    /// The topics to which failed records are always sent, in order. Topics that a handler chooses for each error are not
    /// among them.
    package var deadLetterTopics: [String] {
        let topics = responses.values.compactMap { response in
            if case .deadLetter(let topic) = response { topic } else { nil }
        }
        return Set(topics).sorted()
    }
}

/// The reason for which a record was dropped, as it is counted.
public struct DropReason: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The record has no key, and the operator needs one.
    public static let nullKey = DropReason(rawValue: "null-key")
    /// The record has no value, and the operator needs one.
    public static let nullValue = DropReason(rawValue: "null-value")
    /// The record lacks a key or a value, and the operator needs both.
    public static let nullKeyOrValue = DropReason(rawValue: "null-key-or-value")
    /// A foreign-key join found no foreign key.
    public static let nullForeignKey = DropReason(rawValue: "null-foreign-key")
    /// A foreign-key join got the answer for a value that has changed since.
    public static let staleResponse = DropReason(rawValue: "stale-response")
    /// A change of a versioned table is not the latest one of its key, and the operator uses only the latest values.
    public static let outOfOrder = DropReason(rawValue: "out-of-order")
    /// The record's timestamp is negative, and the extractor drops such records.
    public static let negativeTimestamp = DropReason(rawValue: "negative-timestamp")
    /// The record is later than its window's grace, or the entry is older than its store's retention.
    public static let expired = DropReason(rawValue: "expired")
    /// A partitioner has not chosen a partition.
    public static let noPartition = DropReason(rawValue: "no-partition")
    /// The record's bytes could not be read, and the handler continued.
    public static let deserialization = DropReason(rawValue: "deserialization")
    /// A closure of the topology threw, and the handler continued.
    public static let processing = DropReason(rawValue: "processing")
    /// The record could not be written, and the handler continued.
    public static let production = DropReason(rawValue: "production")
}
