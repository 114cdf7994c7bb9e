import CRdkafka

extension KafkaConsumer {
    /// Starts reading exactly these partitions, and answers an `.assigned` event; they may be others than the group gave,
    /// or none. Without `subscribe` it reads them by hand.
    /// - Throws: `.invalidState` if a revocation has not been answered with `unassign`.
    package func assign(_ partitions: [AssignedPartition]) throws(KafkaError) {
        try checkOpen("assign")
        if rebalances.awaited == .unassign {
            throw KafkaError(.invalidState, "Partitions were revoked: call unassign first", context: "assign")
        }
        let table = try AssignmentTable(partitions, client: client)
        let list = PartitionList(capacity: partitions.count)
        for assigned in partitions { list.add(assigned.topicPartition, offset: assigned.start.code) }
        awaitStops()
        try client.check(list.lend { rd_kafka_assign(client.pointer, $0) }, "assign \(partitions.count) partitions")
        self.table = table
        if rebalances.awaited == .assign { rebalances.answered() }
    }

    /// Stops reading, and answers a `.revoked` event, or an `.assigned` one without partitions. Records that were fetched but
    /// not polled are dropped.
    package func unassign() throws(KafkaError) {
        try checkOpen("unassign")
        // Only another assignment, possibly an empty one, answers an assignment. Until then librdkafka ignores every rebalance.
        if rebalances.awaited == .assign { return try assign([]) }
        let table = try AssignmentTable([], client: client)
        awaitStops()
        try client.check(rd_kafka_assign(client.pointer, nil), "unassign")
        self.table = table
        if rebalances.awaited == .unassign { rebalances.answered() }
    }

    /// Waits until librdkafka has stopped reading the partitions that an earlier call removed.
    ///
    /// A partition that is assigned and removed again before that is stopped twice, and the second stop aborts the process
    /// (`rktp->rktp_started` in rdkafka_assignment.c; librdkafka's issue 5573, there up to 2.15). A stop is two entries in the
    /// queue of its main thread, the second put there by the first, and so has happened when that thread has answered twice.
    func awaitStops() {
        for _ in 0..<2 {
            var partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
            rd_kafka_assignment(client.pointer, &partitions)
            if let partitions { rd_kafka_topic_partition_list_destroy(partitions) }
        }
    }

    /// True if partitions were lost to the group (session timeout, fencing) rather than given up.
    package var assignmentLost: Bool { rd_kafka_assignment_lost(client.pointer) != 0 }

    /// This member's id in the group; nil before it joined.
    package var memberID: String? {
        guard let id = rd_kafka_memberid(client.pointer) else { return nil }
        defer { rd_kafka_mem_free(client.pointer, id) }
        let text = String(cString: id)
        return text.isEmpty ? nil : text
    }

    /// The group's state as a producer needs it in `sendOffsets`. Get it again after each rebalance.
    package func groupMetadata() throws(KafkaError) -> ConsumerGroupMetadata {
        try checkOpen("group metadata")
        guard let metadata = rd_kafka_consumer_group_metadata(client.pointer) else {
            throw client.error(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "group metadata")
        }
        return ConsumerGroupMetadata(metadata)
    }

    /// Stops fetching. librdkafka drops what it has prefetched of these partitions and fetches it again on `resume`:
    /// pausing costs the more, the more often it is done.
    package func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try checkOpen("pause")
        let list = PartitionList(partitions)
        try client.check(list.lend { rd_kafka_pause_partitions(client.pointer, $0) }, "pause")
        try list.checkEach(client, "pause")
    }

    /// Resumes after the last record polled.
    package func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try checkOpen("resume")
        let list = PartitionList(partitions)
        try client.check(list.lend { rd_kafka_resume_partitions(client.pointer, $0) }, "resume")
        try list.checkEach(client, "resume")
    }

    /// Continues from another offset; records fetched before are dropped. The partition must be assigned.
    package func seek(_ partition: TopicPartition, to start: StartOffset, timeoutMs: Int32) throws(KafkaError) {
        try checkOpen("seek")
        let list = PartitionList(capacity: 1)
        list.add(partition, offset: start.code)
        try client.check(list.lend { rd_kafka_seek_partitions(client.pointer, $0, timeoutMs) }, "seek \(partition)")
        try list.checkEach(client, "seek")
    }
}

extension StartOffset {
    /// librdkafka's number for it.
    var code: Int64 {
        switch self {
        case .absolute(let offset): max(0, offset)
        case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
        case .end: Int64(RD_KAFKA_OFFSET_END)
        case .stored: Int64(RD_KAFKA_OFFSET_STORED)
        }
    }
}
