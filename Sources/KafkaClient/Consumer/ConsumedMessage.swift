import CRdkafka

/// One record of a `ConsumedMessages`, which it keeps alive: `key` and `value` are valid as long as either lives.
package struct ConsumedMessage {
    /// The number given to the partition in `assign`.
    package let slot: Int
    package let partition: Int32
    package let offset: Int64
    /// Milliseconds since 1970; -1 if the record has none.
    package let timestampMs: Int64
    /// nil for a null key; an empty key has a count of 0.
    package let key: UnsafeRawBufferPointer?
    /// nil for a null value (a tombstone); an empty value has a count of 0.
    package let value: UnsafeRawBufferPointer?

    private let message: UnsafeMutablePointer<rd_kafka_message_t>
    private let topicIndex: Int
    private let batch: ConsumedMessages

    init(_ entry: ConsumedMessages.Entry, of batch: ConsumedMessages) {
        let message = entry.message
        self.message = message
        self.topicIndex = Int(entry.topicIndex)
        self.batch = batch
        self.slot = Int(entry.slot)
        self.partition = message.pointee.partition
        self.offset = message.pointee.offset
        self.key = message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
        self.value = message.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.len) }
        self.timestampMs = rd_kafka_message_timestamp(message, nil)
    }

    /// The topic's name, the same String for every record of the topic.
    package var topic: String { batch.table.topic(topicIndex) }

    /// The headers in their order, copied; parsed on the first call. A header's value may be null.
    package var headers: [MessageHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [MessageHeader] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            guard let name else { break }
            let bytes = value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) }
            headers.append(MessageHeader(String(cString: name), bytes))
        }
        return headers
    }
}

/// A record header.
package struct MessageHeader: Sendable, Hashable {
    package var name: String
    /// nil for null, which is not the same as empty.
    package var value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}
