package import KafkaClient

/// A record as it stands in a topic.
package struct LogRecord: Sendable, Hashable {
    package var topicPartition: TopicPartition
    package var offset: Int64
    /// Milliseconds since 1970; -1 if the record has none.
    package var timestampMs: Int64
    package var key: [UInt8]?
    package var value: [UInt8]?
    package var headers: [MessageHeader]

    /// The size of the key, the value and the headers, in bytes.
    var sizeInBytes: Int {
        headers.reduce((key?.count ?? 0) + (value?.count ?? 0)) { sum, header in
            sum + header.name.utf8.count + (header.value?.count ?? 0)
        }
    }

    init(_ message: ConsumedMessage) {
        topicPartition = TopicPartition(message.topic, message.partition)
        offset = message.offset
        timestampMs = message.timestampMs
        key = message.key.map { Array($0) }
        value = message.value.map { Array($0) }
        headers = message.headers
    }
}

/// Reads slices of partitions, without a group and without committing anything.
final class LogReader {
    private let connection: ClusterConnection
    private let consumer: KafkaConsumer
    private let partitions: [TopicPartition]
    private let ends: [Int64]
    /// The slots whose slices have not been read to their ends.
    private(set) var open: Set<Int>
    private var lastAnswer = ContinuousClock.now

    /// - Parameter slices: the offsets to read of each partition; an end of `Int64.max` for all that will come.
    init(
        _ connection: ClusterConnection, _ slices: [TopicPartition: Range<Int64>],
        isolation: IsolationLevel = .readCommitted
    ) throws(OperationError) {
        self.connection = connection
        consumer = try connection.consumer(isolation)
        let slices = slices.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        partitions = slices.map(\.key)
        ends = slices.map(\.value.upperBound)
        open = Set(slices.indices)
        let assigned = slices.enumerated().map { slot, slice in
            AssignedPartition(slice.key, slot: slot, start: .absolute(slice.value.lowerBound))
        }
        guard !assigned.isEmpty else { return }
        try connection.kafka("reading") { [consumer] () throws(KafkaError) in try consumer.assign(assigned) }
    }

    deinit { try? consumer.close() }

    var isDone: Bool { open.isEmpty }

    /// The partitions that have not been read to their ends.
    var openPartitions: Set<TopicPartition> { Set(open.map { partitions[$0] }) }

    /// Reads no more of a partition.
    func finish(_ partition: TopicPartition) {
        if let slot = partitions.firstIndex(of: partition) { open.remove(slot) }
    }

    func pause(_ partitions: [TopicPartition]) throws(OperationError) {
        guard !partitions.isEmpty else { return }
        try connection.kafka("reading") { () throws(KafkaError) in try consumer.pause(partitions) }
    }

    func resume(_ partitions: [TopicPartition]) throws(OperationError) {
        guard !partitions.isEmpty else { return }
        try connection.kafka("reading") { () throws(KafkaError) in try consumer.resume(partitions) }
    }

    /// Returns the records that have come, each partition's in order; none if nothing came in time, or at the end.
    func next(timeoutMs: Int32 = 200) throws(OperationError) -> [LogRecord] {
        guard !open.isEmpty else { return [] }
        let batch = try connection.kafka("reading") { () throws(KafkaError) in
            try consumer.poll(maxMessages: 1_000, timeoutMs: timeoutMs)
        }
        var records: [LogRecord] = []
        for message in batch.messages where open.contains(message.slot) {
            if message.offset < ends[message.slot] { records.append(LogRecord(message)) }
            if message.offset + 1 >= ends[message.slot] { open.remove(message.slot) }
        }
        if !records.isEmpty { lastAnswer = .now }
        for event in batch.events { try handle(event) }
        return records
    }

    private func handle(_ event: ConsumerEvent) throws(OperationError) {
        switch event {
        case .endOfPartition(let slot, let offset):
            lastAnswer = .now
            if ends[slot] < .max, offset >= ends[slot] { open.remove(slot) }
        case .error(let error, let partition?) where error.code == .offsetOutOfRange || error.code == .autoOffsetReset:
            throw OperationError(.missing, "the records of \(partition) that were to be read have been deleted")
        case .error(let error, _) where error.isBrokerUnreachable || error.code == .timedOut:
            // The client connects again by itself.
            guard ContinuousClock.now > lastAnswer.advanced(by: connection.patience) else { return }
            throw connection.failure(error, "reading")
        case .error(let error, let partition) where error.isFatal || !error.isRetriable:
            throw connection.failure(error, "reading \(partition.map { "\($0)" } ?? "")")
        case .error, .assigned, .revoked: break
        }
    }
}

extension ClusterConnection {
    /// The first and the end offset of each partition that a reader of committed records sees.
    package func watermarks(of partitions: [TopicPartition]) throws(OperationError) -> [TopicPartition: Watermarks] {
        let consumer = try consumer(.readCommitted)
        defer { try? consumer.close() }
        var found: [TopicPartition: Watermarks] = [:]
        for partition in partitions {
            found[partition] = try kafka("reading about \(partition)") { () throws(KafkaError) in
                try consumer.queryWatermarks(partition, timeoutMs: timeoutMs)
            }
        }
        return found
    }

    /// The timestamp of the first record of each slice that has one.
    func firstTimestamps(
        in slices: [TopicPartition: Range<Int64>], progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws(OperationError) -> [TopicPartition: Int64] {
        let reader = try LogReader(self, slices)
        var found: [TopicPartition: Int64] = [:]
        while !reader.isDone {
            for record in try reader.next() where found[record.topicPartition] == nil {
                found[record.topicPartition] = record.timestampMs
                reader.finish(record.topicPartition)
            }
            progress(Int64(found.count), Int64(slices.count))
        }
        return found
    }

    /// The offset of the first record at or after a time, by partition; absent where there is none.
    func offsets(at times: [TopicPartition: Int64]) throws(OperationError) -> [TopicPartition: Int64] {
        let consumer = try consumer(.readCommitted)
        defer { try? consumer.close() }
        return try kafka("looking up times") { () throws(KafkaError) in
            try consumer.offsetsForTimes(times, timeoutMs: timeoutMs)
        }
    }
}
