import ClusterCore

/// Tells where the records of a leader's epoch end (KIP-320).
enum OffsetForLeaderEpoch {
    struct Request: WireRequest {
        typealias Response = OffsetForLeaderEpoch.Response
        static let api = API.offsetForLeaderEpoch

        var replicaID: Int32 = -2
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&replicaID, since: 3)
            try coder.field(&topics)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            var currentLeaderEpoch: Int32 = -1
            var leaderEpoch: Int32 = 0

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&currentLeaderEpoch, since: 2)
                try coder.field(&leaderEpoch)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.offsetForLeaderEpoch

        var throttleTimeMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 2)
            try coder.field(&topics)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var error = KafkaErrorCode.none
            var index: Int32 = 0
            var leaderEpoch: Int32 = -1
            var endOffset: Int64 = -1

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&error)
                try coder.field(&index)
                try coder.field(&leaderEpoch, since: 1)
                try coder.field(&endOffset)
            }
        }
    }
}
