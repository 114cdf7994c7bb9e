import CRdkafka

/// One partition to read.
package struct AssignedPartition: Sendable, Hashable {
    package var topicPartition: TopicPartition
    /// A number of the caller's choice that every message of the partition carries, from 0.
    package var slot: Int
    package var start: StartOffset

    package init(_ topicPartition: TopicPartition, slot: Int, start: StartOffset) {
        self.topicPartition = topicPartition
        self.slot = slot
        self.start = start
    }
}

/// Finds the slot of a message from its topic's address and its partition number, without hashing a name.
///
/// Immutable, so that a batch that outlives its assignment still knows its topics. Holding the topics open keeps their
/// addresses from being reused.
final class AssignmentTable {
    private let topics: [TopicHandle]
    /// By topic, then partition; -1 where not assigned.
    private let slots: [[Int32]]

    init(_ partitions: [AssignedPartition], client: ClientHandle) throws(KafkaError) {
        var topics: [TopicHandle] = []
        var slots: [[Int32]] = []
        var topicIndices: [String: Int] = [:]
        for assigned in partitions {
            let partition = Int(assigned.topicPartition.partition)
            guard partition >= 0, let slot = Int32(exactly: assigned.slot), slot >= 0 else {
                throw KafkaError(
                    .invalidArgument, "Partition and slot must be from 0, and slots be different from -1",
                    context: "assign \(assigned.topicPartition)")
            }
            let topic = assigned.topicPartition.topic
            let topicIndex = topicIndices[topic] ?? topics.count
            if topicIndex == topics.count {
                topics.append(try TopicHandle(topic, client: client))
                slots.append([])
                topicIndices[topic] = topicIndex
            }
            let missing = partition + 1 - slots[topicIndex].count
            if missing > 0 { slots[topicIndex].append(contentsOf: repeatElement(-1, count: missing)) }
            slots[topicIndex][partition] = slot
        }
        self.topics = topics
        self.slots = slots
    }

    /// The topic's index in this table; nil if none of its partitions is assigned. `hint` is tried first.
    func index(of topic: OpaquePointer, hint: Int) -> Int? {
        if hint < topics.count, topics[hint].pointer == topic { return hint }
        return topics.firstIndex { $0.pointer == topic }
    }

    /// The slot, or -1.
    func slot(topicIndex: Int, partition: Int32) -> Int32 {
        let ofTopic = slots[topicIndex]
        let partition = Int(partition)
        return partition >= 0 && partition < ofTopic.count ? ofTopic[partition] : -1
    }

    /// The topic's name; no allocation.
    func topic(_ topicIndex: Int) -> String {
        topics[topicIndex].name
    }
}
