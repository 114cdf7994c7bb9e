import KafkaClient
import Millrace
import MillraceEngine

extension PortError {
    /// What an error of librdkafka or a broker means for a worker.
    init(_ error: KafkaError, during operation: Operation) {
        self.init(code: error.code.protocolCode, during: operation, error.description)
        kind = Self.kind(of: error, during: operation)
    }

    /// What a record that was not delivered means.
    init(_ failure: DeliveryFailure) {
        let code = failure.error.code.protocolCode
        self.init(
            Self.kind(ofDelivery: code), failure.error.description,
            refused: RefusedRecord(
                topic: failure.topic, partition: failure.partition, keyPrefix: failure.keyPrefix,
                sizeInBytes: failure.sizeInBytes, count: failure.count))
        isTopicMissing = Self.isTopicMissing(code: code)
    }

    /// The table's kind, unless librdkafka knows better: it tells of each error whether its client, or the transaction, is done
    /// for.
    private static func kind(of error: KafkaError, during operation: Operation) -> Kind {
        let known = kind(ofCode: error.code.protocolCode, during: operation)
        switch known {
        case .fenced, .producerLost, .fatal: return known ?? .fatal
        case _ where error.isFatal: return .fatal
        case .staleGeneration: return .staleGeneration
        case _ where error.requiresAbort: return .abortable
        case .retriable, .abortable, .rejected: return known ?? .fatal
        case nil: return error.isRetriable ? .retriable : .fatal
        }
    }
}

extension KafkaError.Code {
    /// The protocol's code that says the same. librdkafka's codes are the protocol's and, below −1, its own; those of them that the
    /// protocol has no word for are none of the protocol's either.
    var protocolCode: Int16 {
        switch self {
        case .unknownTopicLocally, .unknownPartition: 3
        case .timedOut, .messageTimedOut, .timedOutInQueue: 7
        case .transport, .allBrokersDown, .resolve: 13
        case .waitingForCoordinator: 15
        case .assignmentLost, .maxPollIntervalExceeded: 25
        case .fenced: 90
        default: Int16(truncatingIfNeeded: rawValue)
        }
    }
}

/// Calls into the client and turns its error into the engine's.
func port<Result>(
    _ operation: PortError.Operation, _ body: () throws(KafkaError) -> Result
) throws(PortError) -> Result {
    do { return try body() } catch { throw PortError(error, during: operation) }
}
