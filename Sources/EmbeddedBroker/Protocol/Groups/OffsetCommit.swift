/// Stores a group's positions.
enum OffsetCommit {
    struct Request: WireRequest {
        typealias Response = OffsetCommit.Response
        static let api = API.offsetCommit

        var groupID = ""
        /// -1: the committer is no member.
        var generationID: Int32 = -1
        var memberID = ""
        var groupInstanceID: String?
        var retentionTimeMs: Int64 = -1
        var topics: [WireTopic<Partition>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&groupID)
            try coder.field(&generationID, since: 1)
            try coder.field(&memberID, since: 1)
            try coder.field(&groupInstanceID, since: 7)
            try coder.field(&retentionTimeMs, since: 2, until: 4)
            try coder.field(&topics)
        }

        struct Partition: WireStructure {
            var index: Int32 = 0
            var offset: Int64 = 0
            var leaderEpoch: Int32 = -1
            var commitTimestampMs: Int64 = -1
            var metadata: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&offset)
                try coder.field(&leaderEpoch, since: 6)
                try coder.field(&commitTimestampMs, since: 1, until: 1)
                try coder.field(&metadata)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.offsetCommit

        var throttleTimeMs: Int32 = 0
        var topics: [WireTopic<WirePartitionResult>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 3)
            try coder.field(&topics)
        }
    }
}
