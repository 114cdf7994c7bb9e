import ClusterCore

/// Appends record batches to partitions.
enum Produce {
    struct Request: WireRequest {
        typealias Response = Produce.Response
        static let api = API.produce

        var transactionalID: String?
        /// 0: no answer is wanted. 1 and -1 are the same with a single broker.
        var acks: Int16 = -1
        var timeoutMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&transactionalID, since: 3)
            try coder.field(&acks)
            try coder.field(&timeoutMs)
            try coder.field(&topics)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            var records: WireRecords?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&records)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.produce

        var topics: [Topic] = []
        var throttleTimeMs: Int32 = 0

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics)
            try coder.field(&throttleTimeMs, since: 1)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            var error = KafkaErrorCode.none
            var baseOffset: Int64 = -1
            /// -1 where the topic keeps the records' own times.
            var logAppendTimeMs: Int64 = -1
            var logStartOffset: Int64 = -1
            var recordErrors: [RecordError] = []
            var errorMessage: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&error)
                try coder.field(&baseOffset)
                try coder.field(&logAppendTimeMs, since: 2)
                try coder.field(&logStartOffset, since: 5)
                try coder.field(&recordErrors, since: 8)
                try coder.field(&errorMessage, since: 8)
            }
        }

        struct RecordError: WireStructure {
            var batchIndex: Int32 = 0
            var message: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&batchIndex)
                try coder.field(&message)
            }
        }
    }
}
