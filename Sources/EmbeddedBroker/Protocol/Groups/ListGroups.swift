import ClusterCore

/// Names the groups.
enum ListGroups {
    struct Request: WireRequest {
        typealias Response = ListGroups.Response
        static let api = API.listGroups

        /// Empty: groups in any state.
        var states: [String] = []
        /// Empty: groups of any type.
        var types: [String] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&states, since: 4)
            try coder.field(&types, since: 5)
        }
    }

    struct Response: WireResponse {
        static let api = API.listGroups

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        var groups: [Group] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&error)
            try coder.field(&groups)
        }

        struct Group: WireStructure {
            var groupID = ""
            var protocolType = ""
            var state = ""
            var type = ""

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&groupID)
                try coder.field(&protocolType)
                try coder.field(&state, since: 4)
                try coder.field(&type, since: 5)
            }
        }
    }
}
