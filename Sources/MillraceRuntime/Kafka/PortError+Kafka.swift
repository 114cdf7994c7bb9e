import KafkaClient
import Millrace
import MillraceEngine

extension PortError {
    /// Translates an error of librdkafka or a broker into its meaning for a worker.
    init(_ error: KafkaError, during operation: Operation) {
        self.init(code: error.code.protocolCode, during: operation, error.description)
        kind = Self.kind(of: error, during: operation)
    }

    /// Translates the failure of a record's delivery.
    init(_ failure: DeliveryFailure) {
        let code = failure.error.code.protocolCode
        self.init(
            Self.kind(ofDelivery: code), failure.error.description,
            refused: RefusedRecord(
                topic: failure.topic, partition: failure.partition, keyPrefix: failure.keyPrefix,
                sizeInBytes: failure.sizeInBytes, count: failure.count))
        isTopicMissing = Self.isTopicMissing(code: code)
    }

    /// Returns the table's kind, unless librdkafka knows better: it says of each error whether the client, or the transaction, has
    /// failed for good.
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
    /// The protocol's code for the same error. librdkafka's codes are the protocol's and, below −1, its own. An own code without a
    /// counterpart stays as it is; the protocol has no such code.
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

/// Calls the client and translates its error into the engine's.
func port<Result>(
    _ operation: PortError.Operation, _ body: () throws(KafkaError) -> Result
) throws(PortError) -> Result {
    do { return try body() } catch { throw PortError(error, during: operation) }
}
