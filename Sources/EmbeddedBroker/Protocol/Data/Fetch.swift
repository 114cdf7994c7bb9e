import ClusterCore

/// Reads record batches of partitions.
enum Fetch {
    struct Request: WireRequest {
        typealias Response = Fetch.Response
        static let api = API.fetch

        var replicaID: Int32 = -1
        var maxWaitMs: Int32 = 0
        var minBytes: Int32 = 0
        var maxBytes: Int32 = .max
        /// 0: read uncommitted. 1: read committed.
        var isolationLevel: Int8 = 0
        var sessionID: Int32 = 0
        /// -1: no session is wanted. 0: a new one.
        var sessionEpoch: Int32 = -1
        var topics: [Topic] = []
        var forgottenTopics: [ForgottenTopic] = []
        var rackID = ""

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&replicaID, until: 14)
            try coder.field(&maxWaitMs)
            try coder.field(&minBytes)
            try coder.field(&maxBytes, since: 3)
            try coder.field(&isolationLevel, since: 4)
            try coder.field(&sessionID, since: 7)
            try coder.field(&sessionEpoch, since: 7)
            try coder.field(&topics)
            try coder.field(&forgottenTopics, since: 7)
            try coder.field(&rackID, since: 11)
        }

        struct Topic: WireStructure {
            var name = ""
            var topicID = TopicID.zero
            var partitions: [Partition] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name, until: 12)
                try coder.field(&topicID, since: 13)
                try coder.field(&partitions)
            }
        }

        struct Partition: WireStructure {
            var index: Int32 = 0
            var currentLeaderEpoch: Int32 = -1
            var fetchOffset: Int64 = 0
            var lastFetchedEpoch: Int32 = -1
            var logStartOffset: Int64 = -1
            var maxBytes: Int32 = 0

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&currentLeaderEpoch, since: 9)
                try coder.field(&fetchOffset)
                try coder.field(&lastFetchedEpoch, since: 12)
                try coder.field(&logStartOffset, since: 5)
                try coder.field(&maxBytes)
            }
        }

        struct ForgottenTopic: WireStructure {
            var name = ""
            var topicID = TopicID.zero
            var partitions: [Int32] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name, until: 12)
                try coder.field(&topicID, since: 13)
                try coder.field(&partitions)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.fetch

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        /// 0: there is no session, so that the next request lists all its partitions again.
        var sessionID: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&error, since: 7)
            try coder.field(&sessionID, since: 7)
            try coder.field(&topics)
        }

        struct Topic: WireStructure {
            var name = ""
            var topicID = TopicID.zero
            var partitions: [Partition] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name, until: 12)
                try coder.field(&topicID, since: 13)
                try coder.field(&partitions)
            }
        }

        struct Partition: WireStructure {
            var index: Int32 = 0
            var error = KafkaErrorCode.none
            var highWatermark: Int64 = -1
            var lastStableOffset: Int64 = -1
            var logStartOffset: Int64 = -1
            var abortedTransactions: [AbortedTransaction]?
            var preferredReadReplica: Int32 = -1
            var records: WireRecords?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&error)
                try coder.field(&highWatermark)
                try coder.field(&lastStableOffset, since: 4)
                try coder.field(&logStartOffset, since: 5)
                try coder.field(&abortedTransactions, since: 4)
                try coder.field(&preferredReadReplica, since: 11)
                try coder.field(&records)
            }
        }

        struct AbortedTransaction: WireStructure {
            var producerID: Int64 = 0
            var firstOffset: Int64 = 0

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&producerID)
                try coder.field(&firstOffset)
            }
        }
    }
}
