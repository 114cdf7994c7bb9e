import Millrace

extension PortError {
    /// The operation that a request to the broker is part of. The same error means different things in different operations.
    package enum Operation: CaseIterable, Sendable {
        /// Fetching, looking offsets up, reading committed offsets.
        case read
        /// Joining a group and staying in it.
        case membership
        /// Committing offsets outside a transaction.
        case commitOffsets
        /// Writing records.
        case produce
        /// Beginning and ending transactions, and the offsets in them.
        case transaction
        /// Topics, their settings, groups.
        case administer
    }

    /// Makes an error from an error code of Kafka's protocol.
    ///
    /// - Parameter message: the request, and the broker's message.
    package init(code: Int16, during operation: Operation, _ message: String) {
        if code == Self.offsetMetadataTooLarge {
            // A retry would send metadata of the same length.
            self.init(
                .fatal,
                "the broker does not take the metadata beside an offset, where operators keep their times: its limit, "
                    + "offset.metadata.max.bytes, is below the default of \(OffsetMetadataSize.brokerLimit); raise it, or split "
                    + "the sub-topology with repartition(): \(message)")
        } else {
            self.init(Self.kind(ofCode: code, during: operation) ?? .fatal, message)
        }
        isTopicMissing = Self.isTopicMissing(code: code)
    }

    /// Returns the meaning of a failed delivery: the record itself is at fault, nothing helps, or everything since the last commit
    /// has to be processed again.
    package static func kind(ofDelivery code: Int16) -> Kind {
        switch kind(ofCode: code, during: .produce) {
        case .rejected: .rejected
        case .producerLost: .producerLost
        case .fatal: .fatal
        case .retriable, .abortable, .staleGeneration, .fenced, nil: .abortable
        }
    }

    /// Whether a code says that the topic or the partition does not exist.
    package static func isTopicMissing(code: Int16) -> Bool { code == 3 || code == 100 }

    private static let offsetMetadataTooLarge: Int16 = 12

    /// Returns a worker's reaction to an error code of Kafka's protocol; `nil` for a code that a worker does not know, for which
    /// nothing helps.
    ///
    /// The codes and which of them are retriable: `org.apache.kafka.common.protocol.Errors`. What ends a producer only:
    /// `StreamsProducer.isRecoverable`, `RecordCollectorImpl`.
    package static func kind(ofCode code: Int16, during operation: Operation) -> Kind? {
        guard let row = rows[code] else { return nil }
        return row.exceptions[operation] ?? row.kind
    }

    private struct Row {
        let kind: Kind
        let exceptions: [Operation: Kind]

        init(_ kind: Kind, _ exceptions: [Operation: Kind] = [:]) {
            self.kind = kind
            self.exceptions = exceptions
        }
    }

    /// A record, or an offset, of a missing topic is refused; other requests are retried.
    private static let missingTopic = Row(
        .retriable, [.produce: .rejected, .transaction: .rejected, .commitOffsets: .rejected])

    private static let rows: [Int16: Row] = [
        2: Row(.retriable),  // CORRUPT_MESSAGE
        3: missingTopic,  // UNKNOWN_TOPIC_OR_PARTITION
        5: Row(.retriable),  // LEADER_NOT_AVAILABLE
        6: Row(.retriable),  // NOT_LEADER_OR_FOLLOWER
        7: Row(.retriable),  // REQUEST_TIMED_OUT
        9: Row(.retriable),  // REPLICA_NOT_AVAILABLE
        10: Row(.rejected),  // MESSAGE_TOO_LARGE
        12: Row(.fatal),  // OFFSET_METADATA_TOO_LARGE
        13: Row(.retriable),  // NETWORK_EXCEPTION
        14: Row(.retriable),  // COORDINATOR_LOAD_IN_PROGRESS
        15: Row(.retriable),  // COORDINATOR_NOT_AVAILABLE
        16: Row(.retriable),  // NOT_COORDINATOR
        17: Row(.rejected, [.read: .fatal, .membership: .fatal, .administer: .fatal]),  // INVALID_TOPIC_EXCEPTION
        18: Row(.rejected),  // RECORD_LIST_TOO_LARGE
        19: Row(.retriable),  // NOT_ENOUGH_REPLICAS
        20: Row(.retriable),  // NOT_ENOUGH_REPLICAS_AFTER_APPEND
        22: Row(.staleGeneration),  // ILLEGAL_GENERATION
        25: Row(.staleGeneration),  // UNKNOWN_MEMBER_ID
        27: Row(.staleGeneration),  // REBALANCE_IN_PROGRESS
        29: Row(.fatal),  // TOPIC_AUTHORIZATION_FAILED
        30: Row(.fatal),  // GROUP_AUTHORIZATION_FAILED
        31: Row(.fatal),  // CLUSTER_AUTHORIZATION_FAILED
        32: Row(.rejected),  // INVALID_TIMESTAMP
        41: Row(.retriable),  // NOT_CONTROLLER
        45: Row(.producerLost),  // OUT_OF_ORDER_SEQUENCE_NUMBER
        47: Row(.producerLost),  // INVALID_PRODUCER_EPOCH
        48: Row(.producerLost),  // INVALID_TXN_STATE
        49: Row(.producerLost),  // INVALID_PRODUCER_ID_MAPPING
        51: Row(.retriable),  // CONCURRENT_TRANSACTIONS
        53: Row(.fatal),  // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        56: Row(.retriable),  // KAFKA_STORAGE_ERROR
        59: Row(.producerLost),  // UNKNOWN_PRODUCER_ID
        74: Row(.retriable),  // FENCED_LEADER_EPOCH
        75: Row(.retriable),  // UNKNOWN_LEADER_EPOCH
        78: Row(.retriable),  // OFFSET_NOT_AVAILABLE
        82: Row(.fenced),  // FENCED_INSTANCE_ID
        87: Row(.rejected),  // INVALID_RECORD
        88: Row(.retriable),  // UNSTABLE_OFFSET_COMMIT
        89: Row(.retriable),  // THROTTLING_QUOTA_EXCEEDED
        90: Row(.producerLost),  // PRODUCER_FENCED
        100: missingTopic,  // UNKNOWN_TOPIC_ID
        120: Row(.abortable),  // TRANSACTION_ABORTABLE
    ]
}
