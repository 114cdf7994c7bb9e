import Millrace
import MillraceEngine

/// A record in a partition of a fake cluster.
struct FakeRecord: Hashable {
    var key: String?
    var value: String?
    var timestampMs: Int64 = 0
    var headers: Headers = []
}

/// A cluster in memory for one worker's tests: partitions, committed offsets, a group whose members the test sets, errors that
/// are thrown on demand, and a journal of the calls in their order.
final class FakeCluster {
    var partitions: [TopicPartition: [FakeRecord]] = [:]
    /// The offsets of the first remaining records; 0 if nothing was deleted.
    var starts: [TopicPartition: Int64] = [:]
    /// The partition counts of the existing topics.
    var counts: [String: Int32] = [:]
    var committed: [TopicPartition: CommittedOffset] = [:]
    /// `nil` for a broker that cannot describe groups.
    var group: GroupDescription? = GroupDescription(
        isStable: true, members: [GroupMember(memberID: "me", clientID: "a")])
    var memberID: String? = "me"
    /// The errors that the next calls of a kind throw.
    var errors: [String: [PortError]] = [:]
    var journal: [String] = []
    var nowMs: Int64 = 0
    /// The difference between the wall clock and the time that has passed.
    var wallClockOffsetMs: Int64 = 1_700_000_000_000
    var isAnswering = true

    func record(_ call: String) throws(PortError) {
        journal.append(call)
        if let error = errors[call]?.first {
            errors[call]?.removeFirst()
            throw error
        }
    }

    func write(_ values: [String], to topic: String, partition: Int32 = 0, key: String = "k", at times: [Int64]? = nil)
    {
        let records = values.enumerated().map { index, value in
            FakeRecord(key: key, value: value, timestampMs: times?[index] ?? Int64(index))
        }
        partitions[TopicPartition(topic: topic, partition: partition), default: []] += records
    }

    func values(_ topic: String, _ partition: Int32 = 0) -> [String] {
        partitions[TopicPartition(topic: topic, partition: partition), default: []].map { $0.value ?? "null" }
    }

    /// Returns how many times a call was made.
    func count(_ call: String) -> Int { journal.count { $0 == call } }
}

final class FakeConsumer: GroupConsumer {
    private struct Reading {
        var slot: Int
        var offset: Int64
        var announcedEnd: Int64?
    }

    private let cluster: FakeCluster
    private let name: String
    private var reading: [TopicPartition: Reading] = [:]
    private(set) var paused: Set<TopicPartition> = []
    private(set) var subscription: [String]?
    /// The events that the next poll returns.
    var events: [ReaderEvent] = []
    var membershipEvents: [MembershipEvent] = []
    /// Partitions from which nothing arrives, not even the event that they are at their end.
    var silent: Set<TopicPartition> = []
    /// The most records of a partition that one poll returns.
    var maxRecordsPerPoll = Int.max

    init(_ cluster: FakeCluster, name: String = "") {
        self.cluster = cluster
        self.name = name
    }

    var assigned: [TopicPartition] { reading.keys.sorted() }

    func subscribe(to topics: [String]) throws(PortError) {
        try cluster.record("subscribe")
        subscription = topics
    }

    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        try cluster.record("\(name)poll")
        var result = PollResult(events: events)
        var builder = RecordRunBuilder(capacity: 0)
        let memory = FakeMemory()
        events = []
        for (partition, progress) in reading.sorted(by: { $0.key < $1.key })
        where !paused.contains(partition) && !silent.contains(partition) {
            let records = cluster.partitions[partition] ?? []
            let start = cluster.starts[partition] ?? 0
            guard progress.offset >= start, progress.offset <= Int64(records.count) else {
                reading[partition] = nil
                result.events.append(.offsetOutOfRange(slot: progress.slot))
                continue
            }
            let end = min(Int64(records.count), progress.offset + Int64(min(maxRecords, maxRecordsPerPoll)))
            for offset in progress.offset..<max(progress.offset, end) {
                let record = records[Int(offset)]
                let bytes = FakeBytes(record.key, record.value)
                memory.bytes.append(bytes)
                builder.append(
                    FetchedRecord(
                        offset: offset, timestampMs: record.timestampMs, headers: record.headers, key: bytes.key,
                        value: bytes.value), slot: progress.slot)
            }
            reading[partition]?.offset = max(progress.offset, end)
            if end == records.count, progress.announcedEnd != end {
                reading[partition]?.announcedEnd = end
                result.events.append(.endOfPartition(slot: progress.slot, offset: end))
            }
        }
        result.runs = builder.runs(ownedBy: memory)
        if result.runs.isEmpty, result.events.isEmpty { cluster.nowMs += Int64(max(1, timeoutMs)) }
        return result
    }

    func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        try cluster.record("\(name)assign\(assignments.isEmpty ? " nothing" : "")")
        paused = []
        reading = [:]
        for assignment in assignments {
            reading[assignment.partition] = Reading(
                slot: assignment.slot, offset: assignment.offset ?? cluster.starts[assignment.partition] ?? 0)
        }
    }

    func pause(_ partitions: [TopicPartition]) throws(PortError) {
        try cluster.record("\(name)pause")
        paused.formUnion(partitions)
    }

    func resume(_ partitions: [TopicPartition]) throws(PortError) {
        try cluster.record("\(name)resume")
        paused.subtract(partitions)
    }

    func committed(
        _ partitions: [TopicPartition], withinMs: Int?
    ) throws(PortError) -> [TopicPartition: CommittedOffset] {
        try cluster.record("committed")
        return cluster.committed.filter { partitions.contains($0.key) }
    }

    func listOffsets(_ specs: [TopicPartition: OffsetSpec]) throws(PortError) -> [TopicPartition: Int64] {
        try cluster.record("offsets")
        var offsets: [TopicPartition: Int64] = [:]
        for (partition, spec) in specs {
            let records = cluster.partitions[partition] ?? []
            var offset = Int64(records.count)
            if spec == .earliest { offset = cluster.starts[partition] ?? 0 }
            if case .timestamp(let ms) = spec {
                offset = records.firstIndex { $0.timestampMs >= ms }.map(Int64.init) ?? offset
            }
            offsets[partition] = offset
        }
        return offsets
    }

    func commit(_ offsets: [TopicPartition: CommittedOffset]) throws(PortError) {
        try cluster.record("commit offsets")
        cluster.committed.merge(offsets) { $1 }
    }

    func knownEndOffset(of partition: TopicPartition) -> Int64? {
        cluster.partitions[partition].map { Int64($0.count) }
    }

    func takeMembershipEvents() -> [MembershipEvent] {
        defer { membershipEvents = [] }
        return membershipEvents
    }

    func groupMetadata() throws(PortError) -> GroupMetadata { GroupMetadata(encoded: []) }

    func memberID() -> String? { cluster.memberID }

    func isAnswered() -> Bool { cluster.isAnswering }

    func close() { cluster.journal.append("\(name)close consumer") }
}

/// Writes to the cluster at once, or when its transaction is committed.
final class FakeProducer: ProducerPort {
    private let cluster: FakeCluster
    private let isTransactional: Bool
    private var topics: [String] = []
    private var pending: [(TopicPartition, FakeRecord)] = []
    private var nextOffsets: [TopicPartition: Int64] = [:]

    init(_ cluster: FakeCluster, isTransactional: Bool) {
        self.cluster = cluster
        self.isTransactional = isTransactional
    }

    func initTransactions() throws(PortError) { try cluster.record("init") }

    func beginTransaction() throws(PortError) { try cluster.record("begin") }

    func commitTransaction(offsets: [TopicPartition: CommittedOffset], group: GroupMetadata) throws(PortError) {
        try cluster.record("commit transaction")
        writePending()
        cluster.committed.merge(offsets) { $1 }
    }

    func commitTransaction() throws(PortError) {
        try cluster.record("commit transaction")
        writePending()
    }

    func abortTransaction() throws(PortError) {
        try cluster.record("abort")
        pending = []
    }

    func topic(named name: String) throws(PortError) -> Int {
        if let number = topics.firstIndex(of: name) { return number }
        topics.append(name)
        return topics.count - 1
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        try cluster.record("send \(topics[topic])")
        let target = TopicPartition(topic: topics[topic], partition: partition ?? 0)
        let record = FakeRecord(
            key: key.map { String(decoding: $0, as: UTF8.self) }, value: value.map(Self.text), timestampMs: timestampMs,
            headers: headers)
        pending.append((target, record))
    }

    /// Formats counts as numbers, everything else as text.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.count == 8, bytes[0] == 0 else { return String(decoding: bytes, as: UTF8.self) }
        return String(Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 { cluster.counts[topics[topic]] ?? 1 }

    func flush() throws(PortError) {
        try cluster.record("flush")
        writePending()
    }

    private func writePending() {
        for (target, record) in pending {
            cluster.partitions[target, default: []].append(record)
            nextOffsets[target] = Int64(cluster.partitions[target, default: []].count)
        }
        pending = []
    }

    func poll() throws(PortError) { try cluster.record("poll producer") }

    func nextOffset(of partition: TopicPartition) -> Int64? { nextOffsets[partition] }

    func close() { cluster.journal.append("close producer") }
}

final class FakeAdmin: AdminPort {
    private let cluster: FakeCluster
    var counts: [String: Int32] {
        get { cluster.counts }
        set { cluster.counts = newValue }
    }
    /// The ids of the topics whose ids the broker returns.
    var ids: [String: String] = [:]
    var settings: [String: [String: String]] = [:]
    private(set) var created: [NewTopic] = []
    private(set) var deleted: [TopicPartition: Int64] = [:]
    /// Whether a topic that is created can be found afterwards.
    var forgets = false

    init(_ cluster: FakeCluster) { self.cluster = cluster }

    func partitionCounts(of topics: [String]) throws(PortError) -> [String: Int32] {
        try cluster.record("partition counts")
        return counts.filter { topics.contains($0.key) }
    }

    func topicIDs(of topics: [String]) throws(PortError) -> [String: String] { ids.filter { topics.contains($0.key) } }

    func topicNames() throws(PortError) -> [String] {
        try cluster.record("topic names")
        return counts.keys.sorted()
    }

    func configurations(of topics: [String]) throws(PortError) -> [String: [String: String]] {
        settings.filter { topics.contains($0.key) }
    }

    func createTopics(_ topics: [NewTopic]) throws(PortError) {
        try cluster.record("create topics")
        created += topics
        if forgets { return }
        for topic in topics {
            counts[topic.name] = topic.partitions
            settings[topic.name] = topic.configuration
        }
    }

    func deleteRecords(before offsets: [TopicPartition: Int64]) throws(PortError) {
        try cluster.record("delete records")
        deleted.merge(offsets) { $1 }
        for (partition, offset) in offsets {
            let start = min(offset, Int64(cluster.partitions[partition, default: []].count))
            cluster.starts[partition] = max(start, cluster.starts[partition] ?? 0)
        }
    }

    func describeGroup(_ group: String) throws(PortError) -> GroupDescription? {
        try cluster.record("describe group")
        return cluster.group
    }
}

final class FakeClock: WallClock {
    private let cluster: FakeCluster

    init(_ cluster: FakeCluster) { self.cluster = cluster }

    func wallClockMs() -> Int64 { cluster.wallClockOffsetMs + cluster.nowMs }
    func monotonicMs() -> Int64 { cluster.nowMs }
}

/// The memory of a poll's records.
final class FakeMemory {
    var bytes: [FakeBytes] = []
}

/// The memory of a record's key and value.
final class FakeBytes {
    let key: UnsafeRawBufferPointer?
    let value: UnsafeRawBufferPointer?

    init(_ key: String?, _ value: String?) {
        self.key = key.map(Self.copy)
        self.value = value.map(Self.copy)
    }

    deinit {
        key?.deallocate()
        value?.deallocate()
    }

    private static func copy(_ text: String) -> UnsafeRawBufferPointer {
        var bytes = Array(text.utf8)
        // A count is stored as a number.
        if let number = Int64(text) { bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(copy)
    }
}
