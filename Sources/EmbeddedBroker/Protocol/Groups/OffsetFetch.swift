import ClusterCore

/// Tells a group's positions.
enum OffsetFetch {
    struct Request: WireRequest {
        typealias Response = OffsetFetch.Response
        static let api = API.offsetFetch

        /// Until version 7: the only group.
        var group = Group()
        /// Since version 8.
        var groups: [Group] = []
        /// Whether offsets that an open transaction is about to change are an error (KIP-447).
        var requireStable = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            if coder.version <= 7 {
                try coder.field(&group.groupID)
                try coder.field(&group.topics, nullableSince: 2, or: [])
            }
            try coder.field(&groups, since: 8)
            try coder.field(&requireStable, since: 7)
        }

        struct Group: WireStructure {
            var groupID = ""
            var memberID: String?
            var memberEpoch: Int32 = -1
            /// Nil: all there are.
            var topics: [WireTopic<Int32>]?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&groupID)
                try coder.field(&memberID, since: 9)
                try coder.field(&memberEpoch, since: 9)
                try coder.field(&topics)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.offsetFetch

        var throttleTimeMs: Int32 = 0
        /// Until version 7: the only group.
        var group = Group()
        /// Since version 8.
        var groups: [Group] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 3)
            try coder.field(&group.topics, until: 7)
            try coder.field(&group.error, since: 2, until: 7)
            try coder.field(&groups, since: 8)
        }

        struct Group: WireStructure {
            var groupID = ""
            var topics: [WireTopic<Partition>] = []
            var error = KafkaErrorCode.none

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&groupID)
                try coder.field(&topics)
                try coder.field(&error)
            }
        }

        struct Partition: WireStructure {
            var index: Int32 = 0
            /// -1: nothing is committed.
            var offset: Int64 = -1
            var leaderEpoch: Int32 = -1
            var metadata: String?
            var error = KafkaErrorCode.none

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&offset)
                try coder.field(&leaderEpoch, since: 5)
                try coder.field(&metadata)
                try coder.field(&error)
            }
        }
    }
}
