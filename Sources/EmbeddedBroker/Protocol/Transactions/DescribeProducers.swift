import ClusterCore

/// Tells the state that partitions have of their producers (KIP-664).
enum DescribeProducers {
    struct Request: WireRequest {
        typealias Response = DescribeProducers.Response
        static let api = API.describeProducers

        var topics: [WireTopic<Int32>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics)
        }
    }

    struct Response: WireResponse {
        static let api = API.describeProducers

        var throttleTimeMs: Int32 = 0
        var topics: [WireTopic<Partition>] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&topics)
        }

        struct Partition: WireStructure {
            var index: Int32 = 0
            var error = KafkaErrorCode.none
            var errorMessage: String?
            var producers: [Producer] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&error)
                try coder.field(&errorMessage)
                try coder.field(&producers)
            }
        }

        struct Producer: WireStructure {
            var producerID: Int64 = 0
            var producerEpoch: Int32 = 0
            var lastSequence: Int32 = -1
            var lastTimestampMs: Int64 = -1
            /// -1 before the producer's first marker.
            var coordinatorEpoch: Int32 = 0
            /// -1 without an open transaction.
            var transactionStartOffset: Int64 = -1

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&producerID)
                try coder.field(&producerEpoch)
                try coder.field(&lastSequence)
                try coder.field(&lastTimestampMs)
                try coder.field(&coordinatorEpoch)
                try coder.field(&transactionStartOffset)
            }
        }
    }
}
