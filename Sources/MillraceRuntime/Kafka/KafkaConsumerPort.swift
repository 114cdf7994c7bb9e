import KafkaClient
import Millrace
import MillraceEngine

/// The engine's consumer over librdkafka's: a member of the group, or the reader of changelogs.
final class KafkaConsumerPort: ConsumerPort {
    private let consumer: KafkaConsumer
    private let timeoutMs: Int32
    private var slots: [KafkaClient.TopicPartition: Int] = [:]

    init(_ settings: ClientSettings, timeoutMs: Int32, log: @escaping ClientLogHandler) throws(PortError) {
        consumer = try port { () throws(KafkaError) in try KafkaConsumer(settings, log: log) }
        self.timeoutMs = timeoutMs
    }

    func subscribe(to topics: [String]) throws(PortError) {
        try port { () throws(KafkaError) in try consumer.subscribe(topics) }
    }

    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        let batch = try port { () throws(KafkaError) in
            try consumer.poll(maxMessages: maxRecords, timeoutMs: Int32(clamping: timeoutMs))
        }
        var result = PollResult()
        result.records.reserveCapacity(batch.messages.count)
        for message in batch.messages {
            result.records.append(
                FetchedRecord(
                    slot: message.slot, offset: message.offset, timestampMs: message.timestampMs,
                    headers: Headers(message.headers), key: message.key, value: message.value, owner: batch.messages))
        }
        for event in batch.events { result.events.append(try translate(event)) }
        return result
    }

    private func translate(_ event: KafkaClient.ConsumerEvent) throws(PortError) -> MillraceEngine.ConsumerEvent {
        switch event {
        case .assigned(let partitions): return .assigned(partitions.map(Millrace.TopicPartition.init))
        case .revoked(let partitions, let lost):
            return .revoked(partitions.map(Millrace.TopicPartition.init), lost: lost)
        case .endOfPartition(let slot, _): return .endOfPartition(slot: slot)
        case .error(let error, let partition):
            if [.autoOffsetReset, .offsetOutOfRange].contains(error.code), let partition, let slot = slots[partition] {
                return .offsetOutOfRange(slot: slot)
            }
            let translated = PortError(error)
            if translated.kind == .fenced || (error.isFatal && translated.kind == .fatal) { throw translated }
            return .trouble(error.description)
        }
    }

    func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        slots = [:]
        if assignments.isEmpty {
            return try port { () throws(KafkaError) in try consumer.unassign() }
        }
        let partitions = assignments.map { assignment in
            AssignedPartition(
                KafkaClient.TopicPartition(assignment.partition), slot: assignment.slot,
                start: assignment.offset.map(StartOffset.absolute) ?? .beginning)
        }
        for partition in partitions { slots[partition.topicPartition] = partition.slot }
        try port { () throws(KafkaError) in try consumer.assign(partitions) }
    }

    func pause(_ partitions: [Millrace.TopicPartition]) throws(PortError) {
        try port { () throws(KafkaError) in try consumer.pause(partitions.map(KafkaClient.TopicPartition.init)) }
    }

    func resume(_ partitions: [Millrace.TopicPartition]) throws(PortError) {
        try port { () throws(KafkaError) in try consumer.resume(partitions.map(KafkaClient.TopicPartition.init)) }
    }

    func committed(
        _ partitions: [Millrace.TopicPartition]
    ) throws(PortError) -> [Millrace.TopicPartition: MillraceEngine.CommittedOffset] {
        let found = try port { () throws(KafkaError) in
            try consumer.committed(partitions.map(KafkaClient.TopicPartition.init), timeoutMs: timeoutMs)
        }
        var offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset] = [:]
        for (partition, offset) in found {
            offsets[Millrace.TopicPartition(partition)] = MillraceEngine.CommittedOffset(
                offset: offset.offset, metadata: offset.metadata ?? "")
        }
        return offsets
    }

    func commit(_ offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset]) throws(PortError) {
        try port { () throws(KafkaError) in try consumer.commit(offsets.forClient) }
    }

    func knownEndOffset(of partition: Millrace.TopicPartition) -> Int64? {
        consumer.cachedWatermarks(KafkaClient.TopicPartition(partition))?.high
    }

    func groupMetadata() throws(PortError) -> AnyObject? {
        try port { () throws(KafkaError) in try consumer.groupMetadata() }
    }

    func memberID() -> String? { consumer.memberID }

    func close() {
        // What cannot be said to the broker any more, the end of the session will tell it.
        try? consumer.close()
    }
}

extension [Millrace.TopicPartition: MillraceEngine.CommittedOffset] {
    /// The same offsets as the client takes them.
    var forClient: [KafkaClient.TopicPartition: KafkaClient.CommittedOffset] {
        var offsets: [KafkaClient.TopicPartition: KafkaClient.CommittedOffset] = [:]
        for (partition, offset) in self {
            offsets[KafkaClient.TopicPartition(partition)] = KafkaClient.CommittedOffset(
                offset.offset, metadata: offset.metadata)
        }
        return offsets
    }
}

extension KafkaClient.TopicPartition {
    init(_ partition: Millrace.TopicPartition) { self.init(partition.topic, partition.partition) }
}

extension Millrace.TopicPartition {
    init(_ partition: KafkaClient.TopicPartition) {
        self.init(topic: partition.topic, partition: partition.partition)
    }
}

extension Headers {
    init(_ headers: [MessageHeader]) {
        self = headers.isEmpty ? Headers() : Headers(headers.map { Header(name: $0.name, value: $0.value) })
    }
}
