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
    // MARK: Raised by the client

    /// A failure of the client without a specific code.
    package static let failed = Self(rawValue: -196)
    /// The connection to a broker broke or could not be made.
    package static let transport = Self(rawValue: -195)
    /// A host name does not resolve.
    package static let resolve = Self(rawValue: -193)
    /// A record was not acknowledged within `message.timeout.ms`.
    package static let messageTimedOut = Self(rawValue: -192)
    /// The partition does not exist, as far as the client knows.
    package static let unknownPartition = Self(rawValue: -190)
    /// The topic does not exist, as far as the client knows.
    package static let unknownTopicLocally = Self(rawValue: -188)
    /// There is no connection to any broker.
    package static let allBrokersDown = Self(rawValue: -187)
    /// An argument or setting is not acceptable.
    package static let invalidArgument = Self(rawValue: -186)
    /// The call ran out of time.
    package static let timedOut = Self(rawValue: -185)
    /// The producer's queue is full: poll, then call again.
    package static let queueFull = Self(rawValue: -184)
    /// The group's coordinator is not known yet.
    package static let waitingForCoordinator = Self(rawValue: -180)
    /// There is no `group.id`.
    package static let unknownGroup = Self(rawValue: -179)
    /// Another such operation is running.
    package static let inProgress = Self(rawValue: -178)
    /// The call does not fit the client's state.
    package static let invalidState = Self(rawValue: -172)
    /// Authentication failed.
    package static let authentication = Self(rawValue: -169)
    /// The request never left the client's queue in time.
    package static let timedOutInQueue = Self(rawValue: -166)
    /// The broker is too old for this.
    package static let unsupportedFeature = Self(rawValue: -165)
    /// The operation has to be retried.
    package static let retry = Self(rawValue: -153)
    /// A fatal error; the client has its cause.
    package static let fatal = Self(rawValue: -150)
    /// The consumer did not poll for `max.poll.interval.ms` and left its group.
    package static let maxPollIntervalExceeded = Self(rawValue: -147)
    /// A setting is missing.
    package static let notConfigured = Self(rawValue: -145)
    /// Another instance with the same identity took over.
    package static let fenced = Self(rawValue: -144)
    /// The partitions were lost to the group.
    package static let assignmentLost = Self(rawValue: -142)
    /// There is no valid offset, and `auto.offset.reset` is `error`.
    package static let autoOffsetReset = Self(rawValue: -140)

    // MARK: Sent by a broker

    /// The broker failed for an unknown reason.
    package static let unknown = Self(rawValue: -1)
    /// The offset is outside the log.
    package static let offsetOutOfRange = Self(rawValue: 1)
    /// The topic or partition does not exist.
    package static let unknownTopicOrPartition = Self(rawValue: 3)
    /// The partition has no leader at the moment.
    package static let leaderNotAvailable = Self(rawValue: 5)
    /// The leader moved.
    package static let notLeaderForPartition = Self(rawValue: 6)
    /// The broker ran out of time.
    package static let requestTimedOut = Self(rawValue: 7)
    /// The record exceeds the broker's limit.
    package static let messageTooLarge = Self(rawValue: 10)
    /// The offset's metadata exceeds the broker's limit, 4 KB by default.
    package static let offsetMetadataTooLarge = Self(rawValue: 12)
    /// The broker was cut off before it answered.
    package static let networkException = Self(rawValue: 13)
    /// The coordinator is starting.
    package static let coordinatorLoadInProgress = Self(rawValue: 14)
    /// There is no coordinator at the moment.
    package static let coordinatorNotAvailable = Self(rawValue: 15)
    /// The coordinator moved.
    package static let notCoordinator = Self(rawValue: 16)
    /// The topic's name is not acceptable.
    package static let invalidTopic = Self(rawValue: 17)
    /// Too few replicas are in sync.
    package static let notEnoughReplicas = Self(rawValue: 19)
    /// Too few replicas were in sync once the record was written.
    package static let notEnoughReplicasAfterAppend = Self(rawValue: 20)
    /// The group has rebalanced since.
    package static let illegalGeneration = Self(rawValue: 22)
    /// The group no longer knows this member.
    package static let unknownMemberID = Self(rawValue: 25)
    /// The group is rebalancing.
    package static let rebalanceInProgress = Self(rawValue: 27)
    /// The record's timestamp is not acceptable.
    package static let invalidTimestamp = Self(rawValue: 32)
    /// The broker does not know this version of the request.
    package static let unsupportedVersion = Self(rawValue: 35)
    /// The topic exists.
    package static let topicAlreadyExists = Self(rawValue: 36)
    /// The number of partitions is not acceptable.
    package static let invalidPartitions = Self(rawValue: 37)
    /// There are fewer brokers than replicas.
    package static let invalidReplicationFactor = Self(rawValue: 38)
    /// A configuration entry is not acceptable.
    package static let invalidConfig = Self(rawValue: 40)
    /// The controller moved.
    package static let notController = Self(rawValue: 41)
    /// A newer producer has this transactional id.
    package static let invalidProducerEpoch = Self(rawValue: 47)
    /// The previous transaction has not ended yet.
    package static let concurrentTransactions = Self(rawValue: 51)
    /// The broker cannot write to its disk or read from it.
    package static let storageError = Self(rawValue: 56)
    /// The group has members.
    package static let nonEmptyGroup = Self(rawValue: 68)
    /// The group does not exist.
    package static let groupIDNotFound = Self(rawValue: 69)
    /// Another member has this `group.instance.id`.
    package static let fencedInstanceID = Self(rawValue: 82)
    /// A transaction that commits these offsets is still open.
    package static let unstableOffsetCommit = Self(rawValue: 88)
    /// A newer producer has this transactional id.
    package static let producerFenced = Self(rawValue: 90)

    /// Matches an error by its code in a `catch` or `case`: `catch KafkaError.Code.queueFull`.
    package static func ~= (code: Self, error: any Error) -> Bool {
        (error as? KafkaError)?.code == code
    }

    /// Whether a code that arrives without librdkafka's verdict is retriable, by Kafka's protocol table.
    var isUsuallyRetriable: Bool { Self.usuallyRetriable.contains(self) }

    private static let usuallyRetriable: Set<Self> = [
        .transport, .allBrokersDown, .resolve, .timedOut, .queueFull, .waitingForCoordinator, .inProgress,
        .timedOutInQueue,
        .retry, .messageTimedOut, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderForPartition,
        .requestTimedOut,
        .networkException, .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator, .notEnoughReplicas,
        .notEnoughReplicasAfterAppend, .notController, .concurrentTransactions, .storageError, .unstableOffsetCommit,
    ]
}
