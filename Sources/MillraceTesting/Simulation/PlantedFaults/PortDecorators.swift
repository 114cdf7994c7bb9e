import Millrace
import MillraceEngine

/// A reader that passes all calls to another one. A planted fault overrides what it gets wrong.
class ReaderDecorator: ReaderPort {
    private let reader: any ReaderPort

    init(_ reader: any ReaderPort) { self.reader = reader }

    func assign(_ assignments: [PartitionAssignment]) throws(PortError) { try reader.assign(assignments) }

    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        try reader.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
    }

    func pause(_ partitions: [TopicPartition]) throws(PortError) { try reader.pause(partitions) }

    func resume(_ partitions: [TopicPartition]) throws(PortError) { try reader.resume(partitions) }

    func listOffsets(_ specs: [TopicPartition: OffsetSpec]) throws(PortError) -> [TopicPartition: Int64] {
        try reader.listOffsets(specs)
    }

    func knownEndOffset(of partition: TopicPartition) -> Int64? { reader.knownEndOffset(of: partition) }

    func isAnswered() -> Bool { reader.isAnswered() }

    func close() { reader.close() }
}

/// A member of a group that passes all calls to another one. A planted fault overrides what it gets wrong.
class ConsumerDecorator: ReaderDecorator, MembershipPort, OffsetsPort {
    let consumer: any GroupConsumer

    init(_ consumer: any GroupConsumer) {
        self.consumer = consumer
        super.init(consumer)
    }

    func subscribe(to topics: [String]) throws(PortError) { try consumer.subscribe(to: topics) }

    func takeMembershipEvents() -> [MembershipEvent] { consumer.takeMembershipEvents() }

    func memberID() -> String? { consumer.memberID() }

    func groupMetadata() throws(PortError) -> GroupMetadata { try consumer.groupMetadata() }

    func committed(
        _ partitions: [TopicPartition], withinMs timeoutMs: Int?
    ) throws(PortError) -> [TopicPartition: CommittedOffset] {
        try consumer.committed(partitions, withinMs: timeoutMs)
    }

    func commit(_ offsets: [TopicPartition: CommittedOffset]) throws(PortError) { try consumer.commit(offsets) }
}

/// A producer that passes all calls to another one. A planted fault overrides what it gets wrong.
class ProducerDecorator: ProducerPort {
    let inner: any ProducerPort
    private var names: [Int: String] = [:]

    init(_ inner: any ProducerPort) { self.inner = inner }

    func initTransactions() throws(PortError) { try inner.initTransactions() }

    func beginTransaction() throws(PortError) { try inner.beginTransaction() }

    func commitTransaction(
        offsets: [TopicPartition: CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        try inner.commitTransaction(offsets: offsets, group: group)
    }

    func commitTransaction() throws(PortError) { try inner.commitTransaction() }

    func abortTransaction() throws(PortError) { try inner.abortTransaction() }

    func topic(named name: String) throws(PortError) -> Int {
        let number = try inner.topic(named: name)
        names[number] = name
        return number
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        try inner.send(
            topic: topic, partition: partition, key: key, value: value, timestampMs: timestampMs, headers: headers)
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 { try inner.partitionCount(of: topic) }

    func flush() throws(PortError) { try inner.flush() }

    func poll() throws(PortError) { try inner.poll() }

    func nextOffset(of partition: TopicPartition) -> Int64? { inner.nextOffset(of: partition) }

    func close() { inner.close() }

    /// Whether the name of the topic with this number has this suffix.
    final func isTopic(_ number: Int, endingWith suffix: String) -> Bool {
        name(of: number)?.hasSuffix(suffix) ?? false
    }

    final func name(of number: Int) -> String? { names[number] }
}

/// An admin client that passes all calls to another one. A planted fault overrides what it gets wrong.
class AdminDecorator: AdminPort {
    let inner: any AdminPort

    init(_ inner: any AdminPort) { self.inner = inner }

    func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32] {
        try inner.partitionCounts(of: topics)
    }

    func topicIDs(of topics: [String]) throws(PortError) -> [String: String] { try inner.topicIDs(of: topics) }

    func topicNames() throws(PortError) -> [String] { try inner.topicNames() }

    func configurations(of topics: [String]) throws(PortError) -> [String: [String: String]] {
        try inner.configurations(of: topics)
    }

    func createTopics(_ topics: [NewTopic]) throws(PortError) { try inner.createTopics(topics) }

    func deleteRecords(before offsets: [TopicPartition: Int64]) throws(PortError) {
        try inner.deleteRecords(before: offsets)
    }

    func describeGroup(_ group: String) throws(PortError) -> GroupDescription? { try inner.describeGroup(group) }
}
