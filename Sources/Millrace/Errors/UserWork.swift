/// The kinds of work that user code does for a record. Each has its own handler.
@usableFromInline
package enum UserWork: Hashable, Sendable, CaseIterable {
    /// A source's serdes. Kafka: `RecordDeserializer`.
    case deserialization
    /// Everything that an operator calls: its closures, its stores' serdes, punctuations. Kafka: `ProcessorNode` (KIP-1033).
    case processing
    /// A sink's serdes, and the topic that it writes to. Kafka: `RecordCollectorImpl`.
    case production

    /// The text of the error that the handler gets.
    package var failure: String {
        switch self {
        case .deserialization: "the record cannot be read"
        case .processing: "a closure of the topology threw"
        case .production: "a result could not be written"
        }
    }

    package var code: StreamsError.Code {
        switch self {
        case .deserialization: .deserialization
        case .processing: .processing
        case .production: .production
        }
    }

    /// The reason under which the record is counted if the handler continues without it.
    package var reason: DropReason {
        switch self {
        case .deserialization: .deserialization
        case .processing: .processing
        case .production: .production
        }
    }
}

extension ErrorHandlers {
    package func handler(of work: UserWork) -> Handler {
        switch work {
        case .deserialization: deserialization
        case .processing: processing
        case .production: production
        }
    }
}
