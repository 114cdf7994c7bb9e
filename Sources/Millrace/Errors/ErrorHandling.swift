/// What to do with a record that could not be read, processed or written.
public enum ErrorResponse: Sendable, Hashable {
    /// Stop the task: nothing of the present transaction is committed.
    case fail
    /// Count the record as dropped, log it, go on.
    case `continue`
    /// Write the source record to this topic, with headers that say what happened, and go on.
    ///
    /// The headers are those of KIP-1034: `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`,
    /// `.partition`, `.offset`.
    case deadLetter(topic: String)
}

/// What an error handler is told.
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
    ///   - error: what went wrong, with the operator and the record's place.
    ///   - key: the record's key as bytes; `nil` where it has none.
    ///   - value: the record's value as bytes; `nil` where it has none.
    public init(error: StreamsError, key: [UInt8]?, value: [UInt8]?) {
        self.error = error
        self.key = key
        self.value = value
    }
}

/// The three places where a bad record is decided upon. Each fails by default, as in Kafka Streams.
public struct ErrorHandlers: Sendable {
    /// Decides about one error. It may be called on several threads at once.
    public typealias Handler = @Sendable (ErrorContext) -> ErrorResponse

    /// Bytes that are no value of the source's type. Kafka: `DeserializationExceptionHandler`.
    public var deserialization: Handler { didSet { responses[.deserialization] = nil } }
    /// A closure of the topology that threw. Kafka: `ProcessingExceptionHandler` (KIP-1033).
    public var processing: Handler { didSet { responses[.processing] = nil } }
    /// A result that could not be serialised or was refused by the broker. Kafka: `ProductionExceptionHandler`.
    public var production: Handler { didSet { responses[.production] = nil } }
    /// The answers that are known before any error comes: those that are always the same.
    private var responses: [DropReason: ErrorResponse] = [:]

    /// Every error fails.
    public init() { self.init(deserialization: .fail, processing: .fail, production: .fail) }

    /// Handlers that look at the error; those left out fail.
    ///
    /// - Parameters:
    ///   - deserialization: what happens to records whose bytes cannot be read.
    ///   - processing: what happens to records for which a closure of the topology throws.
    ///   - production: what happens to records that cannot be written.
    public init(
        deserialization: @escaping Handler = { _ in .fail },
        processing: @escaping Handler = { _ in .fail },
        production: @escaping Handler = { _ in .fail }
    ) {
        self.deserialization = deserialization
        self.processing = processing
        self.production = production
    }

    /// The same answer to every error of a kind; those left out fail.
    ///
    /// ```swift
    /// ErrorHandlers(deserialization: .deadLetter(topic: "unreadable"), processing: .continue)
    /// ```
    ///
    /// - Parameters:
    ///   - deserialization: what happens to records whose bytes cannot be read.
    ///   - processing: what happens to records for which a closure of the topology throws.
    ///   - production: what happens to records that cannot be written.
    public init(
        deserialization: ErrorResponse = .fail, processing: ErrorResponse = .fail, production: ErrorResponse = .fail
    ) {
        self.init(
            deserialization: { _ in deserialization }, processing: { _ in processing }, production: { _ in production })
        responses = [.deserialization: deserialization, .processing: processing, .production: production]
    }

    /// The topics that records are certain to be sent to when they fail, in order. What a handler chooses for each error is not
    /// among them.
    package var deadLetterTopics: [String] {
        let topics = responses.values.compactMap { response in
            if case .deadLetter(let topic) = response { topic } else { nil }
        }
        return Set(topics).sorted()
    }
}

/// Why a record did not go on, as it is counted.
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
    /// A change of a versioned table that is not its latest one, where only the latest values count.
    public static let outOfOrder = DropReason(rawValue: "out-of-order")
    /// The record's timestamp is negative, and the extractor says to skip it.
    public static let negativeTimestamp = DropReason(rawValue: "negative-timestamp")
    /// A record that came after its window's grace, or an entry older than its store's retention.
    public static let expired = DropReason(rawValue: "expired")
    /// A partitioner has chosen no partition.
    public static let noPartition = DropReason(rawValue: "no-partition")
    /// The record's bytes could not be read, and the handler went on.
    public static let deserialization = DropReason(rawValue: "deserialization")
    /// A closure of the topology threw, and the handler went on.
    public static let processing = DropReason(rawValue: "processing")
    /// The record could not be written, and the handler went on.
    public static let production = DropReason(rawValue: "production")
}
