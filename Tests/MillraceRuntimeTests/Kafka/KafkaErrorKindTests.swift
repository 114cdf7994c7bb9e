import KafkaClient
import MillraceEngine
import Testing

@testable import MillraceRuntime

@Suite("Errors of the real client")
struct KafkaErrorKindTests {
    private typealias Row = (code: KafkaError.Code, operation: PortError.Operation, kind: PortError.Kind)

    @Test("a code of librdkafka means the same as the protocol's corresponding code")
    func localCodes() {
        let rows: [Row] = [
            (.unknownTopicLocally, .produce, .rejected), (.unknownPartition, .commitOffsets, .rejected),
            (.unknownPartition, .read, .retriable), (.timedOut, .transaction, .retriable),
            (.timedOutInQueue, .commitOffsets, .retriable), (.transport, .read, .retriable),
            (.allBrokersDown, .administer, .retriable), (.resolve, .read, .retriable),
            (.waitingForCoordinator, .commitOffsets, .retriable), (.assignmentLost, .commitOffsets, .staleGeneration),
            (.maxPollIntervalExceeded, .read, .staleGeneration), (.fenced, .transaction, .producerLost),
            (.queueFull, .produce, .retriable), (.retry, .transaction, .retriable),
            (.invalidArgument, .administer, .fatal), (.authentication, .read, .fatal),
        ]
        for (code, operation, kind) in rows {
            let error = PortError(KafkaError(code, "words"), during: operation)
            #expect(error.kind == kind, "\(code) during \(operation)")
            #expect(error.message.contains("words"))
        }
    }

    @Test("a code of the protocol means what the table says, unless the client or the transaction has failed")
    func protocolCodes() {
        for operation in PortError.Operation.allCases {
            for raw in -1...130 as ClosedRange<Int32> {
                let code = KafkaError.Code(rawValue: raw)
                let listed = PortError.kind(ofCode: Int16(raw), during: operation)
                func kind(isFatal: Bool = false, requiresAbort: Bool = false) -> PortError.Kind {
                    PortError(
                        KafkaError(code, "words", isFatal: isFatal, requiresAbort: requiresAbort), during: operation
                    ).kind
                }
                let isSettled = [.fenced, .producerLost, .fatal].contains(listed)
                if let listed { #expect(kind() == listed) }
                #expect(kind(isFatal: true) == (isSettled ? listed : .fatal), "\(raw)")
                let aborting = isSettled || listed == .staleGeneration ? listed : .abortable
                #expect(kind(requiresAbort: true) == aborting, "\(raw)")
            }
        }
    }

    @Test("a broker setting that is too low is named")
    func offsetMetadata() {
        let error = PortError(
            KafkaError(.offsetMetadataTooLarge, "words", requiresAbort: true), during: .transaction)
        #expect(error.kind == .fatal)
        #expect(error.message.contains("offset.metadata.max.bytes"))
    }
}
