import ClusterCore

/// Deletes empty groups and their offsets.
enum DeleteGroups {
    struct Request: WireRequest {
        typealias Response = DeleteGroups.Response
        static let api = API.deleteGroups

        var groupIDs: [String] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupIDs)
        }
    }

    struct Response: WireResponse {
        static let api = API.deleteGroups

        var throttleTimeMs: Int32 = 0
        var results: [Result] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&results)
        }

        struct Result: WireStructure {
            var groupID = ""
            var error = KafkaErrorCode.none

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&groupID)
                try coder.field(&error)
            }
        }
    }
}
