import ClusterCore

/// Finds offsets by time, and where logs start and end.
enum ListOffsets {
    struct Request: WireRequest {
        typealias Response = ListOffsets.Response
        static let api = API.listOffsets

        var replicaID: Int32 = -1
        /// 0: read uncommitted. 1: read committed.
        var isolationLevel: Int8 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&replicaID)
            try coder.field(&isolationLevel, since: 2)
            try coder.field(&topics)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            var currentLeaderEpoch: Int32 = -1
            /// A time, or -1 for the end, -2 for the start, -3 for the record with the largest time.
            var timestampMs: Int64 = 0
            var maxNumOffsets: Int32 = 1

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&currentLeaderEpoch, since: 4)
                try coder.field(&timestampMs)
                try coder.field(&maxNumOffsets, until: 0)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.listOffsets

        var throttleTimeMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 2)
            try coder.field(&topics)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            var error = KafkaErrorCode.none
            /// Version 0 only: offsets where segments start, the latest first.
            var oldStyleOffsets: [Int64] = []
            var timestampMs: Int64 = -1
            var offset: Int64 = -1
            var leaderEpoch: Int32 = -1

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&error)
                try coder.field(&oldStyleOffsets, until: 0)
                try coder.field(&timestampMs, since: 1)
                try coder.field(&offset, since: 1)
                try coder.field(&leaderEpoch, since: 4)
            }
        }
    }
}
