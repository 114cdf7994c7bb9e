import CRdkafka

/// Transactions. Every error tells what to do: fatal (replace the producer), abort (`requiresAbort`), or retry.
extension KafkaProducer {
    /// Gets the producer's id from the coordinator and fences older producers with the same `transactional.id`. Once.
    package func initTransactions(timeoutMs: Int32) throws(KafkaError) {
        try client.check(rd_kafka_init_transactions(client.pointer, timeoutMs), "init transactions")
    }

    /// Starts a transaction; everything produced from here on belongs to it.
    package func beginTransaction() throws(KafkaError) {
        try client.check(rd_kafka_begin_transaction(client.pointer), "begin transaction")
    }

    /// Adds the consumer's offsets to the transaction (KIP-447).
    package func sendOffsets(
        _ offsets: [TopicPartition: CommittedOffset], group: ConsumerGroupMetadata, timeoutMs: Int32
    ) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        let list = PartitionList(offsets)
        try client.check(
            list.lend { rd_kafka_send_offsets_to_transaction(client.pointer, $0, group.pointer, timeoutMs) },
            "send offsets to transaction")
    }

    /// Flushes, then commits. Delivery reports are served meanwhile.
    package func commitTransaction(timeoutMs: Int32) throws(KafkaError) {
        try client.check(rd_kafka_commit_transaction(client.pointer, timeoutMs), "commit transaction")
    }

    /// Drops the queued records and aborts. Delivery reports are served meanwhile.
    package func abortTransaction(timeoutMs: Int32) throws(KafkaError) {
        try client.check(rd_kafka_abort_transaction(client.pointer, timeoutMs), "abort transaction")
    }
}
