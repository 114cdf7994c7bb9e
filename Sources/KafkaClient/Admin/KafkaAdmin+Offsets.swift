import CRdkafka

/// The offset of a partition to look up.
package enum OffsetSpec: Sendable, Hashable {
    /// The first record still there.
    case earliest
    /// The offset after the last record, or the last stable offset with `isolation.level=read_committed`, the default.
    case latest
    /// The first record at or after this time, in milliseconds since 1970.
    case timestamp(Int64)
}

extension KafkaAdmin {
    /// Looks up offsets, one request per partition; a timestamp after the last record gives no entry.
    package func listOffsets(
        _ partitions: [TopicPartition: OffsetSpec], timeoutMs: Int32
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        var times: [TopicPartition: Int64] = [:]
        var offsets: [TopicPartition: Int64] = [:]
        for (partition, spec) in partitions {
            switch spec {
            case .timestamp(let time): times[partition] = time
            case .earliest: offsets[partition] = try client.queryWatermarks(partition, timeoutMs: timeoutMs).low
            case .latest: offsets[partition] = try client.queryWatermarks(partition, timeoutMs: timeoutMs).high
            }
        }
        let found = try client.offsetsForTimes(times, timeoutMs: timeoutMs)
        return offsets.merging(found) { $1 }
    }

    /// Deletes the records before these offsets.
    /// - Returns: the first remaining offset or the error, by partition.
    package func deleteRecords(
        before offsets: [TopicPartition: Int64], timeoutMs: Int32
    ) throws(KafkaError) -> [TopicPartition: Result<Int64, KafkaError>] {
        guard !offsets.isEmpty else { return [:] }
        let list = PartitionList(offsets)
        var requests: [OpaquePointer?] = [list.lend { rd_kafka_DeleteRecords_new($0) }]
        defer { for request in requests { rd_kafka_DeleteRecords_destroy(request) } }
        return try request(
            RD_KAFKA_ADMIN_OP_DELETERECORDS, "delete records", timeoutMs: timeoutMs,
            submit: { rd_kafka_DeleteRecords(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                var results: [TopicPartition: Result<Int64, KafkaError>] = [:]
                let deleted = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))
                for element in deleted?.elements ?? UnsafeBufferPointer(start: nil, count: 0) {
                    let partition = element.topicPartition
                    results[partition] =
                        element.err == RD_KAFKA_RESP_ERR_NO_ERROR
                        ? .success(element.offset)
                        : .failure(client.error(element.err, "delete records of \(partition)"))
                }
                return results
            })
    }
}
