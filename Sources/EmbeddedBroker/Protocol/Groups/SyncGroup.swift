import ClusterCore

/// Distributes the leader's assignment to the members.
enum SyncGroup {
    struct Request: WireRequest {
        typealias Response = SyncGroup.Response
        static let api = API.syncGroup

        var groupID = ""
        var generationID: Int32 = -1
        var memberID = ""
        var groupInstanceID: String?
        var protocolType: String?
        var protocolName: String?
        /// From the leader only.
        var assignments: [Assignment] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupID)
            try coder.field(&generationID)
            try coder.field(&memberID)
            try coder.field(&groupInstanceID, since: 3)
            try coder.field(&protocolType, since: 5)
            try coder.field(&protocolName, since: 5)
            try coder.field(&assignments)
        }

        struct Assignment: WireStructure {
            var memberID = ""
            var assignment = WireBytes()

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&memberID)
                try coder.field(&assignment)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.syncGroup

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        var protocolType: String?
        var protocolName: String?
        var assignment = WireBytes()

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&error)
            try coder.field(&protocolType, since: 5)
            try coder.field(&protocolName, since: 5)
            try coder.field(&assignment)
        }
    }
}
