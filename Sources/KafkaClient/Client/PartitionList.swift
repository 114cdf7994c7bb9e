import CRdkafka

/// Owns one `rd_kafka_topic_partition_list_t`, with everything in it.
struct PartitionList: ~Copyable {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ partitions: some Collection<TopicPartition>) {
        pointer = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        for partition in partitions { add(partition, offset: Int64(RD_KAFKA_OFFSET_INVALID)) }
    }

    init(_ offsets: [TopicPartition: CommittedOffset]) {
        pointer = rd_kafka_topic_partition_list_new(Int32(offsets.count))
        for (partition, committed) in offsets.sorted(by: { $0.key < $1.key }) {
            add(partition, offset: committed.offset, metadata: committed.metadata)
        }
    }

    init(_ offsets: [TopicPartition: Int64]) {
        pointer = rd_kafka_topic_partition_list_new(Int32(offsets.count))
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) { add(partition, offset: offset) }
    }

    init(capacity: Int) {
        pointer = rd_kafka_topic_partition_list_new(Int32(capacity))
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(pointer)
    }

    /// Passes the list to a call of librdkafka; it lives until the call has returned.
    borrowing func lend<Value>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Value) -> Value {
        body(pointer)
    }

    func add(_ partition: TopicPartition, offset: Int64, metadata: String? = nil) {
        guard let element = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition) else {
            return
        }
        element.pointee.offset = offset
        guard let metadata, !metadata.isEmpty else { return }
        // The list frees the metadata with librdkafka's allocator.
        var bytes = metadata
        bytes.withUTF8 { utf8 in
            guard let copy = rd_kafka_mem_malloc(nil, utf8.count), let source = utf8.baseAddress else { return }
            copy.copyMemory(from: source, byteCount: utf8.count)
            element.pointee.metadata = copy
            element.pointee.metadata_size = utf8.count
        }
    }

    /// The results of `read` that are not nil, by partition.
    borrowing func values<Value>(
        _ read: (rd_kafka_topic_partition_t) -> Value?
    ) -> [TopicPartition: Value] {
        var values: [TopicPartition: Value] = [:]
        for element in UnsafePointer(pointer).elements {
            if let value = read(element) { values[element.topicPartition] = value }
        }
        return values
    }

    /// - Throws: the error of the first partition that has one.
    borrowing func checkEach(_ client: ClientHandle, _ operation: String) throws(KafkaError) {
        for element in UnsafePointer(pointer).elements where element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw client.error(element.err, "\(operation) \(element.topicPartition)")
        }
    }
}

extension UnsafePointer<rd_kafka_topic_partition_list_t> {
    /// The elements, borrowed from the list.
    var elements: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
    }

    var topicPartitions: [TopicPartition] { elements.map(\.topicPartition) }
}

extension rd_kafka_topic_partition_t {
    var topicPartition: TopicPartition { TopicPartition(String(cString: topic), partition) }

    /// nil where there is no such offset.
    var absoluteOffset: Int64? { offset >= 0 ? offset : nil }

    /// nil where nothing is committed.
    var committedOffset: CommittedOffset? {
        guard offset >= 0 else { return nil }
        guard let metadata, metadata_size > 0 else { return CommittedOffset(offset) }
        let bytes = UnsafeRawBufferPointer(start: metadata, count: metadata_size)
        return CommittedOffset(offset, metadata: String(decoding: bytes, as: UTF8.self))
    }
}
