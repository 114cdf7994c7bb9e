import ClusterCore

/// Deletes the first records of partitions (KIP-107).
enum DeleteRecords {
    struct Request: WireRequest {
        typealias Response = DeleteRecords.Response
        static let api = API.deleteRecords

        var topics: [Topic] = []
        var timeoutMs: Int32 = 0

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&topics)
            try coder.field(&timeoutMs)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            /// Records before this offset are deleted; -1 stands for the high watermark.
            var offset: Int64 = 0

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&offset)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.deleteRecords

        var throttleTimeMs: Int32 = 0
        var topics: [Topic] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&topics)
        }

        typealias Topic = WireTopic<Partition>

        struct Partition: WireStructure {
            var index: Int32 = 0
            var lowWatermark: Int64 = -1
            var error = KafkaErrorCode.none

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&index)
                try coder.field(&lowWatermark)
                try coder.field(&error)
            }
        }
    }
}
