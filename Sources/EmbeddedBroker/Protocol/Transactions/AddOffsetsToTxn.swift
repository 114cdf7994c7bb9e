import ClusterCore

/// Makes a group's offsets part of a transaction.
enum AddOffsetsToTxn {
    struct Request: WireRequest {
        typealias Response = AddOffsetsToTxn.Response
        static let api = API.addOffsetsToTxn

        var transactionalID = ""
        var producerID: Int64 = 0
        var producerEpoch: Int16 = 0
        var groupID = ""

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalID)
            try coder.field(&producerID)
            try coder.field(&producerEpoch)
            try coder.field(&groupID)
        }
    }

    struct Response: WireResponse {
        static let api = API.addOffsetsToTxn

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&error)
        }
    }
}
