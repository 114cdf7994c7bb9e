import KafkaClient

/// Writes records and the notes about them, in transactions.
final class LetterWriter {
    struct Record {
        var target: TopicPartition
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
        var headers: [MessageHeader]
    }

    struct Item {
        var id: DeadLetterID
        /// nil to delete the note.
        var note: DeadLetter.Handled?
        /// nil where nothing is to be written but the note.
        var record: Record?
    }

    private let connection: ClusterConnection
    private let producer: KafkaProducer
    private let notes: HandledLetters

    /// Ends what another process has begun under the transactional id.
    init(
        _ connection: ClusterConnection, transactionalID: String, _ notes: HandledLetters
    ) throws(OperationError) {
        self.connection = connection
        self.notes = notes
        producer = try connection.producer(transactionalID: transactionalID)
        // The coordinator may be finishing a transaction: that may take as long as the transaction's own time-out.
        try retrying("taking over the topic \(notes.topic)") { [producer] () throws(KafkaError) in
            try producer.initTransactions(timeoutMs: 15_000)
        }
    }

    /// Writes all or nothing.
    func write(_ items: [Item]) throws(OperationError) {
        guard !items.isEmpty else { return }
        try connection.kafka("beginning a transaction") { () throws(KafkaError) in try producer.beginTransaction() }
        do throws(OperationError) {
            for item in items { try write(item) }
            try retrying("committing") { () throws(KafkaError) in try producer.commitTransaction(timeoutMs: 15_000) }
        } catch {
            // Whether this works or not, the next process that begins aborts what is open.
            try? producer.abortTransaction(timeoutMs: connection.timeoutMs)
            if let refused = producer.takeDeliveryFailure() {
                throw connection.failure(refused.error, "writing to \(refused.topic)")
            }
            throw error
        }
    }

    private func write(_ item: Item) throws(OperationError) {
        if let record = item.record {
            try produce(
                record.target.topic, record.target.partition, record.key, record.value,
                timestampMs: record.timestampMs, headers: record.headers)
        }
        let value: [UInt8]? = if let note = item.note { try HandledLetters.value(note) } else { nil }
        try produce(notes.topic, 0, HandledLetters.key(item.id), value, timestampMs: nil, headers: [])
    }

    private func produce(
        _ topic: String, _ partition: Int32, _ key: [UInt8]?, _ value: [UInt8]?, timestampMs: Int64?,
        headers: [MessageHeader]
    ) throws(OperationError) {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do throws(KafkaError) {
                let handle = try producer.topic(named: topic)
                return try Self.withBytes(key, value) { keyBytes, valueBytes throws(KafkaError) in
                    try producer.produce(
                        handle, partition: partition, key: keyBytes, value: valueBytes, timestampMs: timestampMs,
                        headers: headers)
                }
            } catch {
                guard error.code == .queueFull, ContinuousClock.now < deadline else {
                    throw connection.failure(error, "writing to \(topic)-\(partition)")
                }
                producer.poll(timeoutMs: 100)
            }
        }
    }

    private static func withBytes(
        _ key: [UInt8]?, _ value: [UInt8]?,
        _ body: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?) throws(KafkaError) -> Void
    ) throws(KafkaError) {
        var result: Result<Void, KafkaError> = .success(())
        (key ?? []).withUnsafeBytes { keyBytes in
            (value ?? []).withUnsafeBytes { valueBytes in
                do throws(KafkaError) {
                    try body(key == nil ? nil : keyBytes, value == nil ? nil : valueBytes)
                } catch { result = .failure(error) }
            }
        }
        try result.get()
    }

    /// Makes a call again as long as the client says that it can succeed.
    private func retrying(
        _ doing: String, _ body: () throws(KafkaError) -> Void
    ) throws(OperationError) {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do throws(KafkaError) { return try body() } catch {
                guard error.isRetriable, !error.requiresAbort, ContinuousClock.now < deadline else {
                    throw connection.failure(error, doing)
                }
                producer.poll(timeoutMs: 100)
            }
        }
    }
}
