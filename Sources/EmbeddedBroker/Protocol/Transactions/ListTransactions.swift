import ClusterCore

/// Names the transactional ids and their states (KIP-664).
enum ListTransactions {
    struct Request: WireRequest {
        typealias Response = ListTransactions.Response
        static let api = API.listTransactions

        /// Empty: in any state.
        var states: [String] = []
        /// Empty: of any producer.
        var producerIDs: [Int64] = []
        /// In milliseconds: only transactions that have been open for longer (KIP-994); below 0: all.
        var durationMs: Int64 = -1

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&states)
            try coder.field(&producerIDs)
            try coder.field(&durationMs, since: 1)
        }
    }

    struct Response: WireResponse {
        static let api = API.listTransactions

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        /// The requested states that do not exist.
        var unknownStates: [String] = []
        var transactions: [Transaction] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&error)
            try coder.field(&unknownStates)
            try coder.field(&transactions)
        }

        struct Transaction: WireStructure {
            var transactionalID = ""
            var producerID: Int64 = 0
            var state = ""

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&transactionalID)
                try coder.field(&producerID)
                try coder.field(&state)
            }
        }
    }
}
