import ClusterCore

/// Forgets positions of a group (KIP-496).
enum OffsetDelete {
    struct Request: WireRequest {
        typealias Response = OffsetDelete.Response
        static let api = API.offsetDelete

        var groupID = ""
        var topics: [WireTopic<Int32>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupID)
            try coder.field(&topics)
        }
    }

    struct Response: WireResponse {
        static let api = API.offsetDelete

        var error = KafkaErrorCode.none
        var throttleTimeMs: Int32 = 0
        var topics: [WireTopic<WirePartitionResult>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&error)
            try coder.field(&throttleTimeMs)
            try coder.field(&topics)
        }
    }
}
