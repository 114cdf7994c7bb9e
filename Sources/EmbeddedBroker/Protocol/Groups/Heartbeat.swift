import ClusterCore

/// Tells the coordinator that a member lives, and the member that the group rebalances.
enum Heartbeat {
    struct Request: WireRequest {
        typealias Response = Heartbeat.Response
        static let api = API.heartbeat

        var groupID = ""
        var generationID: Int32 = -1
        var memberID = ""
        var groupInstanceID: String?

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupID)
            try coder.field(&generationID)
            try coder.field(&memberID)
            try coder.field(&groupInstanceID, since: 3)
        }
    }

    struct Response: WireResponse {
        static let api = API.heartbeat

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&error)
        }
    }
}
