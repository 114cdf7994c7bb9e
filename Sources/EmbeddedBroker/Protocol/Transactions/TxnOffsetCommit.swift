/// Stores a group's positions as part of a transaction (KIP-98, KIP-447).
enum TxnOffsetCommit {
    struct Request: WireRequest {
        typealias Response = TxnOffsetCommit.Response
        static let api = API.txnOffsetCommit

        var transactionalID = ""
        var groupID = ""
        var producerID: Int64 = 0
        var producerEpoch: Int16 = 0
        /// -1: the producer did not say in which generation it is.
        var generationID: Int32 = -1
        var memberID = ""
        var groupInstanceID: String?
        var topics: [WireTopic<Partition>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalID)
            try coder.field(&groupID)
            try coder.field(&producerID)
            try coder.field(&producerEpoch)
            try coder.field(&generationID, since: 3)
            try coder.field(&memberID, since: 3)
            try coder.field(&groupInstanceID, since: 3)
            try coder.field(&topics)
        }

        struct Partition: WireStructure {
            var index: Int32 = 0
            var offset: Int64 = 0
            var leaderEpoch: Int32 = -1
            var metadata: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&offset)
                try coder.field(&leaderEpoch, since: 2)
                try coder.field(&metadata)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.txnOffsetCommit

        var throttleTimeMs: Int32 = 0
        var topics: [WireTopic<WirePartitionResult>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&topics)
        }
    }
}
