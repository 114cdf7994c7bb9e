import ClusterCore

/// Describes the cluster and its topics.
enum Metadata {
    struct Request: WireRequest {
        typealias Response = Metadata.Response
        static let api = API.metadata

        /// Nil: all topics. In version 0, where there is no null, an empty list is all topics, too.
        var topics: [Topic]?
        var allowAutoTopicCreation = true
        var includeClusterAuthorizedOperations = false
        var includeTopicAuthorizedOperations = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics, nullableSince: 1, or: [])
            try coder.field(&allowAutoTopicCreation, since: 4)
            try coder.field(&includeClusterAuthorizedOperations, since: 8, until: 10)
            try coder.field(&includeTopicAuthorizedOperations, since: 8)
        }

        struct Topic: WireStructure, Hashable {
            var topicID = TopicID.zero
            /// Nil where the id alone names the topic.
            var name: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&topicID, since: 10)
                try coder.field(&name, nullableSince: 10, or: "")
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.metadata

        var throttleTimeMs: Int32 = 0
        var brokers: [Broker] = []
        var clusterID: String?
        var controllerID: Int32 = -1
        var topics: [Topic] = []
        var clusterAuthorizedOperations = AuthorizedOperations.notAsked

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 3)
            try coder.field(&brokers)
            try coder.field(&clusterID, since: 2)
            try coder.field(&controllerID, since: 1)
            try coder.field(&topics)
            try coder.field(&clusterAuthorizedOperations, since: 8, until: 10)
        }

        struct Broker: WireStructure {
            var nodeID: Int32 = 0
            var host = ""
            var port: Int32 = 0
            var rack: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&nodeID)
                try coder.field(&host)
                try coder.field(&port)
                try coder.field(&rack, since: 1)
            }
        }

        struct Topic: WireStructure {
            var error = KafkaErrorCode.none
            var name: String?
            var topicID = TopicID.zero
            var isInternal = false
            var partitions: [Partition] = []
            var authorizedOperations = AuthorizedOperations.notAsked

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&error)
                try coder.field(&name, nullableSince: 12, or: "")
                try coder.field(&topicID, since: 10)
                try coder.field(&isInternal, since: 1)
                try coder.field(&partitions)
                try coder.field(&authorizedOperations, since: 8)
            }
        }

        struct Partition: WireStructure {
            var error = KafkaErrorCode.none
            var index: Int32 = 0
            var leaderID: Int32 = -1
            var leaderEpoch: Int32 = -1
            var replicas: [Int32] = []
            var inSyncReplicas: [Int32] = []
            var offlineReplicas: [Int32] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&error)
                try coder.field(&index)
                try coder.field(&leaderID)
                try coder.field(&leaderEpoch, since: 7)
                try coder.field(&replicas)
                try coder.field(&inSyncReplicas)
                try coder.field(&offlineReplicas, since: 5)
            }
        }
    }
}

/// The operations that the client may do, one bit for each. There is no access control, so the broker never sends them.
enum AuthorizedOperations {
    /// Kafka's answer if the client did not ask, or if there is no authorizer.
    static let notAsked = Int32.min
}
