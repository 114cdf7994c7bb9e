import ClusterCore

/// Tells the state of transactional ids (KIP-664).
enum DescribeTransactions {
    struct Request: WireRequest {
        typealias Response = DescribeTransactions.Response
        static let api = API.describeTransactions

        var transactionalIDs: [String] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalIDs)
        }
    }

    struct Response: WireResponse {
        static let api = API.describeTransactions

        var throttleTimeMs: Int32 = 0
        var transactions: [Transaction] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&transactions)
        }

        struct Transaction: WireStructure {
            var error = KafkaErrorCode.none
            var transactionalID = ""
            var state = ""
            var timeoutMs: Int32 = 0
            /// When the transaction began; -1 without one.
            var startMs: Int64 = 0
            var producerID: Int64 = 0
            var producerEpoch: Int16 = 0
            /// The open transaction's partitions.
            var topics: [WireTopic<Int32>] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&error)
                try coder.field(&transactionalID)
                try coder.field(&state)
                try coder.field(&timeoutMs)
                try coder.field(&startMs)
                try coder.field(&producerID)
                try coder.field(&producerEpoch)
                try coder.field(&topics)
            }
        }
    }
}
