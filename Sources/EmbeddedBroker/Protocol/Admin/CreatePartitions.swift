import ClusterCore

/// Adds partitions to topics (KIP-195).
enum CreatePartitions {
    struct Request: WireRequest {
        typealias Response = CreatePartitions.Response
        static let api = API.createPartitions

        var topics: [Topic] = []
        var timeoutMs: Int32 = 0
        var validateOnly = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics)
            try coder.field(&timeoutMs)
            try coder.field(&validateOnly)
        }

        struct Topic: WireStructure {
            var name = ""
            /// The total number of partitions afterwards.
            var count: Int32 = 0
            /// The replicas of each new partition, where the client places them.
            var assignments: [Assignment]?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&count)
                try coder.field(&assignments)
            }
        }

        struct Assignment: WireStructure {
            var brokerIDs: [Int32] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&brokerIDs)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.createPartitions

        var throttleTimeMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&topics)
        }

        struct Topic: WireStructure {
            var name = ""
            var error = KafkaErrorCode.none
            var errorMessage: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&error)
                try coder.field(&errorMessage)
            }
        }
    }
}
