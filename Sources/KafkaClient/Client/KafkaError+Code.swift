import CRdkafka

extension KafkaError {
    /// An error code of librdkafka (negative: raised by the client) or of the Kafka protocol (positive: sent by a broker).
    ///
    /// The set is open: newer libraries and brokers add codes. The names below are those a stream processor acts upon.
    package struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// librdkafka's name of the code, such as `_QUEUE_FULL` or `ILLEGAL_GENERATION`.
        package var description: String {
            String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue)))
        }

        /// librdkafka's sentence for the code.
        var sentence: String {
            String(cString: rd_kafka_err2str(rd_kafka_resp_err_t(rawValue)))
        }
    }
}

extension KafkaError.Code {
    // Raised by the client.
    package static let clientDestroyed = Self(rawValue: -197)
    package static let failed = Self(rawValue: -196)
    package static let transport = Self(rawValue: -195)
    package static let resolve = Self(rawValue: -193)
    package static let messageTimedOut = Self(rawValue: -192)
    package static let partitionEOF = Self(rawValue: -191)
    package static let unknownPartition = Self(rawValue: -190)
    package static let unknownTopicLocally = Self(rawValue: -188)
    package static let allBrokersDown = Self(rawValue: -187)
    package static let invalidArgument = Self(rawValue: -186)
    package static let timedOut = Self(rawValue: -185)
    package static let queueFull = Self(rawValue: -184)
    package static let waitingForCoordinator = Self(rawValue: -180)
    package static let unknownGroup = Self(rawValue: -179)
    package static let inProgress = Self(rawValue: -178)
    package static let invalidState = Self(rawValue: -172)
    package static let authentication = Self(rawValue: -169)
    package static let noOffset = Self(rawValue: -168)
    package static let timedOutInQueue = Self(rawValue: -166)
    package static let unsupportedFeature = Self(rawValue: -165)
    package static let retry = Self(rawValue: -153)
    package static let purgedFromQueue = Self(rawValue: -152)
    package static let purgedInFlight = Self(rawValue: -151)
    package static let fatal = Self(rawValue: -150)
    package static let maxPollIntervalExceeded = Self(rawValue: -147)
    package static let notConfigured = Self(rawValue: -145)
    package static let fenced = Self(rawValue: -144)
    package static let assignmentLost = Self(rawValue: -142)
    package static let autoOffsetReset = Self(rawValue: -140)

    // Sent by a broker.
    package static let unknown = Self(rawValue: -1)
    package static let noError = Self(rawValue: 0)
    package static let offsetOutOfRange = Self(rawValue: 1)
    package static let unknownTopicOrPartition = Self(rawValue: 3)
    package static let leaderNotAvailable = Self(rawValue: 5)
    package static let notLeaderForPartition = Self(rawValue: 6)
    package static let requestTimedOut = Self(rawValue: 7)
    package static let messageTooLarge = Self(rawValue: 10)
    package static let offsetMetadataTooLarge = Self(rawValue: 12)
    package static let networkException = Self(rawValue: 13)
    package static let coordinatorLoadInProgress = Self(rawValue: 14)
    package static let coordinatorNotAvailable = Self(rawValue: 15)
    package static let notCoordinator = Self(rawValue: 16)
    package static let invalidTopic = Self(rawValue: 17)
    package static let notEnoughReplicas = Self(rawValue: 19)
    package static let notEnoughReplicasAfterAppend = Self(rawValue: 20)
    package static let illegalGeneration = Self(rawValue: 22)
    package static let unknownMemberID = Self(rawValue: 25)
    package static let rebalanceInProgress = Self(rawValue: 27)
    package static let invalidTimestamp = Self(rawValue: 32)
    package static let unsupportedVersion = Self(rawValue: 35)
    package static let topicAlreadyExists = Self(rawValue: 36)
    package static let invalidPartitions = Self(rawValue: 37)
    package static let invalidReplicationFactor = Self(rawValue: 38)
    package static let invalidConfig = Self(rawValue: 40)
    package static let notController = Self(rawValue: 41)
    package static let invalidProducerEpoch = Self(rawValue: 47)
    package static let invalidTransactionState = Self(rawValue: 48)
    package static let concurrentTransactions = Self(rawValue: 51)
    package static let nonEmptyGroup = Self(rawValue: 68)
    package static let groupIDNotFound = Self(rawValue: 69)
    package static let fencedInstanceID = Self(rawValue: 82)
    package static let unstableOffsetCommit = Self(rawValue: 88)
    package static let producerFenced = Self(rawValue: 90)

    /// Lets a `catch` or `case` name a code: `catch KafkaError.Code.queueFull`.
    package static func ~= (code: Self, error: any Error) -> Bool {
        (error as? KafkaError)?.code == code
    }

    /// The verdict for codes that arrive without librdkafka's own: Kafka's protocol table marks these retriable.
    var isUsuallyRetriable: Bool { Self.usuallyRetriable.contains(self) }

    private static let usuallyRetriable: Set<Self> = [
        .transport, .allBrokersDown, .resolve, .timedOut, .queueFull, .waitingForCoordinator, .inProgress,
        .timedOutInQueue,
        .retry, .messageTimedOut, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderForPartition,
        .requestTimedOut,
        .networkException, .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator, .notEnoughReplicas,
        .notEnoughReplicasAfterAppend, .notController, .concurrentTransactions, .unstableOffsetCommit,
    ]
}
