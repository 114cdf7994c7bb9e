import ClusterCore

/// Creates topics.
enum CreateTopics {
    struct Request: WireRequest {
        typealias Response = CreateTopics.Response
        static let api = API.createTopics

        var topics: [Topic] = []
        var timeoutMs: Int32 = 60_000
        var validateOnly = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics)
            try coder.field(&timeoutMs)
            try coder.field(&validateOnly, since: 1)
        }

        struct Topic: WireStructure {
            var name = ""
            /// -1: the broker's default, or the number that the assignments have.
            var partitionCount: Int32 = -1
            var replicationFactor: Int16 = -1
            var assignments: [Assignment] = []
            var configs: [Config] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&partitionCount)
                try coder.field(&replicationFactor)
                try coder.field(&assignments)
                try coder.field(&configs)
            }
        }

        struct Assignment: WireStructure {
            var partition: Int32 = 0
            var brokerIDs: [Int32] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&partition)
                try coder.field(&brokerIDs)
            }
        }

        struct Config: WireStructure {
            var name = ""
            var value: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&value)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.createTopics

        var throttleTimeMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 2)
            try coder.field(&topics)
        }

        struct Topic: WireStructure {
            var name = ""
            var topicID = TopicID.zero
            var error = KafkaErrorCode.none
            var errorMessage: String?
            var partitionCount: Int32 = -1
            var replicationFactor: Int16 = -1
            var configs: [Config]?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&topicID, since: 7)
                try coder.field(&error)
                try coder.field(&errorMessage, since: 1)
                try coder.field(&partitionCount, since: 5)
                try coder.field(&replicationFactor, since: 5)
                try coder.field(&configs, since: 5)
            }
        }

        struct Config: WireStructure {
            var name = ""
            var value: String?
            var isReadOnly = false
            var source: Int8 = -1
            var isSensitive = false

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&value)
                try coder.field(&isReadOnly)
                try coder.field(&source)
                try coder.field(&isSensitive)
            }
        }
    }
}
