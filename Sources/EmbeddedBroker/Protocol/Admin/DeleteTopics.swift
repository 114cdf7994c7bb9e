import ClusterCore

/// Deletes topics.
enum DeleteTopics {
    struct Request: WireRequest {
        typealias Response = DeleteTopics.Response
        static let api = API.deleteTopics

        /// Since version 6.
        var topics: [Topic] = []
        /// Until version 5.
        var topicNames: [String] = []
        var timeoutMs: Int32 = 0

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics, since: 6)
            try coder.field(&topicNames, until: 5)
            try coder.field(&timeoutMs)
        }

        struct Topic: WireStructure {
            /// Nil where the id names the topic.
            var name: String?
            var topicID = TopicID.zero

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&topicID)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.deleteTopics

        var throttleTimeMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&topics)
        }

        struct Topic: WireStructure {
            var name: String?
            var topicID = TopicID.zero
            var error = KafkaErrorCode.none
            var errorMessage: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name, nullableSince: 6, or: "")
                try coder.field(&topicID, since: 6)
                try coder.field(&error)
                try coder.field(&errorMessage, since: 5)
            }
        }
    }
}
