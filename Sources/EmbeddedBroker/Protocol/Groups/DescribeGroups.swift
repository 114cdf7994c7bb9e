import ClusterCore

/// Tells a group's state and members.
enum DescribeGroups {
    struct Request: WireRequest {
        typealias Response = DescribeGroups.Response
        static let api = API.describeGroups

        var groupIDs: [String] = []
        var includeAuthorizedOperations = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupIDs)
            try coder.field(&includeAuthorizedOperations, since: 3)
        }
    }

    struct Response: WireResponse {
        static let api = API.describeGroups

        var throttleTimeMs: Int32 = 0
        var groups: [Group] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&groups)
        }

        struct Group: WireStructure {
            var error = KafkaErrorCode.none
            var groupID = ""
            var state = ""
            var protocolType = ""
            var protocolName = ""
            var members: [Member] = []
            var authorizedOperations = AuthorizedOperations.notAsked

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&error)
                try coder.field(&groupID)
                try coder.field(&state)
                try coder.field(&protocolType)
                try coder.field(&protocolName)
                try coder.field(&members)
                try coder.field(&authorizedOperations, since: 3)
            }
        }

        struct Member: WireStructure {
            var memberID = ""
            var groupInstanceID: String?
            var clientID = ""
            var clientHost = ""
            var metadata = WireBytes()
            var assignment = WireBytes()

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&memberID)
                try coder.field(&groupInstanceID, since: 4)
                try coder.field(&clientID)
                try coder.field(&clientHost)
                try coder.field(&metadata)
                try coder.field(&assignment)
            }
        }
    }
}
