import ClusterCore
import Millrace
import MillraceEngine

/// Makes stores durable before the transaction is committed that has their changes.
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

/// Tells those who query stores of a commit before it has been made.
final class AnnouncingProducer: ProducerDecorator {
    private let openTasks: () -> [StreamTask]
    private let announce: (StreamTask) -> Void

    /// - Parameter announce: tells those who query a task's stores.
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

/// Commits offsets without the member's generation, so that nobody fences an outdated one.
final class UnfencedProducer: ProducerDecorator {
    override func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        let unfenced = GroupMembership(groupID: GroupMembership(group).groupID)
        try super.commitTransaction(offsets: offsets, group: GroupMetadata(unfenced))
    }
}

/// Says of changes which a changelog refuses that they are on their way.
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

/// Has subscriptions of a foreign-key join answered even if they are given up.
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
