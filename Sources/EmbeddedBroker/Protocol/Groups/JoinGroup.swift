import ClusterCore

/// Makes a consumer a member of its group's next generation.
enum JoinGroup {
    struct Request: WireRequest {
        typealias Response = JoinGroup.Response
        static let api = API.joinGroup

        var groupID = ""
        var sessionTimeoutMs: Int32 = 0
        /// -1 before version 1: the session timeout counts.
        var rebalanceTimeoutMs: Int32 = -1
        var memberID = ""
        var groupInstanceID: String?
        var protocolType = ""
        var protocols: [MemberProtocol] = []
        var reason: String?

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupID)
            try coder.field(&sessionTimeoutMs)
            try coder.field(&rebalanceTimeoutMs, since: 1)
            try coder.field(&memberID)
            try coder.field(&groupInstanceID, since: 5)
            try coder.field(&protocolType)
            try coder.field(&protocols)
            try coder.field(&reason, since: 8)
        }

        struct MemberProtocol: WireStructure {
            var name = ""
            var metadata = WireBytes()

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&metadata)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.joinGroup

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        var generationID: Int32 = -1
        var protocolType: String?
        /// Not null before version 7.
        var protocolName: String?
        var leaderID = ""
        var skipAssignment = false
        var memberID = ""
        /// For the leader only.
        var members: [Member] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 2)
            try coder.field(&error)
            try coder.field(&generationID)
            try coder.field(&protocolType, since: 7)
            try coder.field(&protocolName, nullableSince: 7, or: "")
            try coder.field(&leaderID)
            try coder.field(&skipAssignment, since: 9)
            try coder.field(&memberID)
            try coder.field(&members)
        }

        struct Member: WireStructure {
            var memberID = ""
            var groupInstanceID: String?
            var metadata = WireBytes()

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&memberID)
                try coder.field(&groupInstanceID, since: 5)
                try coder.field(&metadata)
            }
        }
    }
}
