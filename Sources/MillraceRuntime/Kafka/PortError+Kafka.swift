import KafkaClient
import Millrace
import MillraceEngine

extension PortError {
    /// What an error of librdkafka or a broker means for a worker.
    init(_ error: KafkaError) {
        guard error.code != .offsetMetadataTooLarge else {
            // The next attempt would have as much to say.
            self.init(
                .fatal,
                "the broker does not take the metadata beside an offset, where operators keep their times: its limit, "
                    + "offset.metadata.max.bytes, is below the default of \(OffsetMetadataSize.brokerLimit); raise it, or split "
                    + "the sub-topology with repartition(): \(error)")
            return
        }
        self.init(Self.kind(of: error), error.description)
        isTopicMissing = Self.missing.contains(error.code)
    }

    /// What a record that was not delivered means: that it was the record's own fault, or that everything since the last
    /// commit has to be done again.
    init(_ failure: DeliveryFailure) {
        let kind = Self.kind(of: failure.error)
        let isFinal = [.rejected, .producerLost].contains(kind) || Self.forbidding.contains(failure.error.code)
        self.init(
            isFinal ? kind : .abortable, failure.error.description,
            refused: RefusedRecord(
                topic: failure.topic, partition: failure.partition, keyPrefix: failure.keyPrefix,
                sizeInBytes: failure.sizeInBytes, count: failure.count))
        isTopicMissing = Self.missing.contains(failure.error.code)
    }

    /// The topic, the group and the cluster authorisation failures of Kafka's protocol.
    private static let forbidding: Set<KafkaError.Code> = [
        KafkaError.Code(rawValue: 29), KafkaError.Code(rawValue: 30), KafkaError.Code(rawValue: 31),
    ]
    private static let producerLosses: Set<KafkaError.Code> = [.fenced, .producerFenced, .invalidProducerEpoch]
    private static let generational: Set<KafkaError.Code> = [
        .illegalGeneration, .unknownMemberID, .rebalanceInProgress, .assignmentLost, .maxPollIntervalExceeded,
    ]
    private static let missing: Set<KafkaError.Code> = [
        .unknownTopicOrPartition, .unknownTopicLocally, .unknownPartition,
    ]
    private static let ofOneRecord = missing.union([.messageTooLarge, .invalidTimestamp, .invalidTopic])

    private static func kind(of error: KafkaError) -> Kind {
        if error.code == .fencedInstanceID { return .fenced }
        if producerLosses.contains(error.code) { return .producerLost }
        if error.isFatal { return .fatal }
        if generational.contains(error.code) { return .staleGeneration }
        if error.requiresAbort { return .abortable }
        if ofOneRecord.contains(error.code) { return .rejected }
        return error.isRetriable || error.isBrokerUnreachable || error.code == .timedOut ? .retriable : .fatal
    }
}

/// Calls into the client and turns its error into the engine's.
func port<Result>(_ body: () throws(KafkaError) -> Result) throws(PortError) -> Result {
    do { return try body() } catch { throw PortError(error) }
}
