import ClusterCore

/// Takes members out of a group.
enum LeaveGroup {
    struct Request: WireRequest {
        typealias Response = LeaveGroup.Response
        static let api = API.leaveGroup

        var groupID = ""
        /// Until version 2: the only member.
        var memberID = ""
        /// Since version 3.
        var members: [Member] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupID)
            try coder.field(&memberID, until: 2)
            try coder.field(&members, since: 3)
        }

        struct Member: WireStructure {
            var memberID = ""
            var groupInstanceID: String?
            var reason: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&memberID)
                try coder.field(&groupInstanceID)
                try coder.field(&reason, since: 5)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.leaveGroup

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        var members: [Member] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&error)
            try coder.field(&members, since: 3)
        }

        struct Member: WireStructure {
            var memberID = ""
            var groupInstanceID: String?
            var error = KafkaErrorCode.none

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&memberID)
                try coder.field(&groupInstanceID)
                try coder.field(&error)
            }
        }
    }
}
