/// An error code of the Kafka protocol, with Kafka's number.
///
/// Source: `org.apache.kafka.common.protocol.Errors`. Only the codes that this broker answers, or has planted as a fault, are listed.
package enum KafkaErrorCode: Int16, Sendable, Hashable, CaseIterable {
    case unknownServerError = -1
    case none = 0
    case offsetOutOfRange = 1
    case corruptMessage = 2
    case unknownTopicOrPartition = 3
    case leaderNotAvailable = 5
    case notLeaderOrFollower = 6
    case requestTimedOut = 7
    case messageTooLarge = 10
    case offsetMetadataTooLarge = 12
    case networkException = 13
    case coordinatorLoadInProgress = 14
    case coordinatorNotAvailable = 15
    case notCoordinator = 16
    case invalidTopicException = 17
    case notEnoughReplicas = 19
    case notEnoughReplicasAfterAppend = 20
    case invalidRequiredAcks = 21
    case illegalGeneration = 22
    case inconsistentGroupProtocol = 23
    case invalidGroupID = 24
    case unknownMemberID = 25
    case invalidSessionTimeout = 26
    case rebalanceInProgress = 27
    case invalidTimestamp = 32
    case illegalSASLState = 34
    case unsupportedVersion = 35
    case topicAlreadyExists = 36
    case invalidPartitions = 37
    case invalidReplicationFactor = 38
    case invalidReplicaAssignment = 39
    case invalidConfig = 40
    case notController = 41
    case invalidRequest = 42
    case unsupportedForMessageFormat = 43
    case policyViolation = 44
    case outOfOrderSequenceNumber = 45
    case invalidProducerEpoch = 47
    case invalidTxnState = 48
    case invalidProducerIDMapping = 49
    case invalidTransactionTimeout = 50
    case concurrentTransactions = 51
    case operationNotAttempted = 55
    case kafkaStorageError = 56
    case unknownProducerID = 59
    case nonEmptyGroup = 68
    case groupIDNotFound = 69
    case fetchSessionIDNotFound = 70
    case invalidFetchSessionEpoch = 71
    case unknownLeaderEpoch = 75
    case unsupportedCompressionType = 76
    case memberIDRequired = 79
    case groupMaxSizeReached = 81
    case fencedInstanceID = 82
    case groupSubscribedToTopic = 86
    case invalidRecord = 87
    case unstableOffsetCommit = 88
    case producerFenced = 90
    case unknownTopicID = 100
    case transactionalIDNotFound = 105
}

/// A call that the cluster refused: Kafka's code and, where Kafka says more, its message.
package struct KafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Kafka's code; never ``KafkaErrorCode/none``.
    package var code: KafkaErrorCode
    /// The text for the answer's error message; nil where Kafka sends none.
    package var message: String?

    package init(_ code: KafkaErrorCode, _ message: String? = nil) {
        self.code = code
        self.message = message
    }

    package var description: String { message.map { "\(code): \($0)" } ?? "\(code)" }
}
