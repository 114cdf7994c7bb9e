import ClusterCore
import Millrace
import MillraceEngine

/// Makes stores durable before the transaction with their changes is committed.
final class StoringProducer: ProducerDecorator {
    private let openTasks: () -> [StreamTask]

    init(_ inner: any ProducerPort, openTasks: @escaping () -> [StreamTask]) {
        self.openTasks = openTasks
        super.init(inner)
    }

    override func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        do {
            for task in openTasks() { try task.state.checkpoint(durably: true) }
        } catch {
            throw error as? PortError ?? PortError(.fatal, "\(error)")
        }
        try super.commitTransaction(offsets: offsets, group: group)
    }
}

/// Announces a commit to store queries before it has been made.
final class AnnouncingProducer: ProducerDecorator {
    private let openTasks: () -> [StreamTask]
    private let announce: (StreamTask) -> Void

    /// - Parameter announce: announces a commit to the queries of a task's stores.
    init(
        _ inner: any ProducerPort, openTasks: @escaping () -> [StreamTask], announce: @escaping (StreamTask) -> Void
    ) {
        self.openTasks = openTasks
        self.announce = announce
        super.init(inner)
    }

    override func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        for task in openTasks() { announce(task) }
        try super.commitTransaction(offsets: offsets, group: group)
    }
}

/// Commits offsets without the member's generation, so that the coordinator does not fence an outdated member.
final class UnfencedProducer: ProducerDecorator {
    override func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        let unfenced = GroupMembership(groupID: GroupMembership(group).groupID)
        try super.commitTransaction(offsets: offsets, group: GroupMetadata(unfenced))
    }
}

/// Reports changes that a changelog refuses as sent.
final class SkippingProducer: ProducerDecorator {
    override func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        do throws(PortError) {
            try super.send(
                topic: topic, partition: partition, key: key, value: value, timestampMs: timestampMs, headers: headers)
        } catch {
            guard error.kind == .rejected, isTopic(topic, endingWith: "-changelog") else { throw error }
        }
    }
}

/// Asks for answers to the subscriptions of a foreign-key join even when they are deleted.
final class AnswerAskingProducer: ProducerDecorator {
    private typealias Instruction = Subscription<Never>.Instruction

    override func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        guard isTopic(topic, endingWith: "-subscription-registration-topic"), let value, value.count > 1,
            value[1] == Instruction.deleteKeyNoPropagate.rawValue
        else {
            return try super.send(
                topic: topic, partition: partition, key: key, value: value, timestampMs: timestampMs, headers: headers)
        }
        var asking = Array(value)
        asking[1] = Instruction.deleteKeyAndPropagate.rawValue
        let copy = RecordBytes.copy(key: nil, value: asking)
        defer { withExtendedLifetime(copy) {} }
        try super.send(
            topic: topic, partition: partition, key: key, value: copy.value, timestampMs: timestampMs, headers: headers)
    }
}
