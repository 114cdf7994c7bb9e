/// Makes partitions part of a transaction.
enum AddPartitionsToTxn {
    struct Request: WireRequest {
        typealias Response = AddPartitionsToTxn.Response
        static let api = API.addPartitionsToTxn

        var transactionalID = ""
        var producerID: Int64 = 0
        var producerEpoch: Int16 = 0
        var topics: [WireTopic<Int32>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalID)
            try coder.field(&producerID)
            try coder.field(&producerEpoch)
            try coder.field(&topics)
        }
    }

    struct Response: WireResponse {
        static let api = API.addPartitionsToTxn

        var throttleTimeMs: Int32 = 0
        var topics: [WireTopic<WirePartitionResult>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&topics)
        }
    }
}
