import ClusterCore

/// Commits or aborts a transaction.
enum EndTxn {
    struct Request: WireRequest {
        typealias Response = EndTxn.Response
        static let api = API.endTxn

        var transactionalID = ""
        var producerID: Int64 = 0
        var producerEpoch: Int16 = 0
        /// False: the transaction is aborted.
        var committed = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalID)
            try coder.field(&producerID)
            try coder.field(&producerEpoch)
            try coder.field(&committed)
        }
    }

    struct Response: WireResponse {
        static let api = API.endTxn

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&error)
        }
    }
}
