import KafkaClient
import Millrace
import MillraceRuntime

/// The part of the log that has to be read to explain a key.
struct ExplainScope {
    let decoder: TopicDecoder
    let counts: [String: Int32]
    let group: ApplicationGroup
    let partition: TopicPartition
    /// The records that have been processed, of each partition that is read together with the key's.
    let slices: [TopicPartition: Range<Int64>]
    /// The offsets of the key's partition that have not been processed.
    let waiting: Range<Int64>
    let explanation: Explanation
    private let keyBytes: [UInt8]

    func isOfKey(_ record: LogRecord) -> Bool { record.topicPartition == partition && record.key == keyBytes }

    init(
        _ topology: Topology, applicationID id: String, _ connection: ClusterConnection, topic: String?,
        key: Explain.Key, partition chosen: Int32?, _ from: LogLocation
    ) throws(OperationError) {
        let topic = try Self.topic(topic, of: topology)
        guard let reader = Self.reader(of: topic, in: topology) else {
            throw OperationError(.missing, "the topology does not read the topic \(topic)", code: "topic_unknown")
        }
        decoder = TopicDecoder(topic, of: topology, applicationID: id) ?? .plain
        let given: [UInt8]? =
            switch key {
            case .typed(let text): decoder.keyBytes(typed: text)
            case .bytes(let bytes): bytes
            }
        guard let bytes = given else {
            throw OperationError(.usage, "the key cannot be read as one of \(topic)", code: "key_unreadable")
        }
        keyBytes = bytes

        let admin = try connection.admin()
        let external = try connection.sourceTopics(of: topology, applicationID: id, admin).union([topic])
        let counts = try connection.partitionCounts(of: external + Self.outputs(of: topology), admin)
        let missing = external.filter { counts[$0] == nil }.sorted()
        guard missing.isEmpty, let count = counts[topic], count > 0 else {
            throw OperationError(
                .missing, "there is no topic \((missing.first ?? topic))", code: "topic_unknown")
        }
        let number = chosen ?? Self.defaultPartition(of: bytes, count)
        guard (0..<count).contains(number) else {
            throw OperationError(.usage, "\(topic) has no partition \(number)", code: "partition_unknown")
        }
        partition = TopicPartition(topic, number)
        self.counts = counts
        group = try ApplicationGroup(topology, applicationID: id, counts: counts, admin, connection)

        // Without repartition topics the key's task reads no other partitions.
        let isWhole = topology.subtopologies.filter { !$0.isGlobal }.count > 1
        let global = Set(topology.subtopologies.filter(\.isGlobal).flatMap(\.sourceTopics).map(\.name))
        let together = Set(reader.sourceTopics.map(\.name)).union(
            external.filter { name in reader.sourcePatterns.contains { $0.matches(name) } })
        var partitions: [TopicPartition] = []
        for name in external.sorted() {
            for index in 0..<(counts[name] ?? 0)
            where isWhole || global.contains(name) || (together.contains(name) && index == number) {
                partitions.append(TopicPartition(name, index))
            }
        }
        let marks = try connection.watermarks(of: partitions)
        let starts = try connection.offsets(of: from, in: marks)
        var slices: [TopicPartition: Range<Int64>] = [:]
        var notes = group.problem.map { [$0] } ?? []
        for partition in partitions {
            guard let marks = marks[partition], let start = starts[partition] else { continue }
            // Global tables are read to the end by every instance.
            let committed = global.contains(partition.topic) ? .max : group.offsets[partition]?.offset ?? 0
            slices[partition] = start..<max(start, min(marks.high, committed))
            if marks.low > 0 {
                notes.append(
                    "\(partition): the records before offset \(marks.low) have been deleted; what they did is not known"
                )
            }
            if start > marks.low {
                notes.append("\(partition): what the records before offset \(start) did is not known")
            }
        }
        self.slices = slices
        let own = Explanation.Reader(
            partition, reader, marks[partition], group.offsets[partition]?.offset,
            group.owner(of: reader, partition: number))
        let first = max(marks[partition]?.low ?? 0, own.committed ?? 0)
        waiting = reader.isGlobal || first >= own.end ? own.end..<own.end : first..<own.end
        explanation = Explanation(reader: own, areOwnersKnown: group.problem == nil, notes: notes)
    }

    /// Returns the sub-topology that reads a topic; nil if there is none.
    private static func reader(of topic: String, in topology: Topology) -> Topology.Subtopology? {
        topology.subtopologies.first { subtopology in
            subtopology.sourceTopics.contains { $0 == .external(topic) }
                || subtopology.sourcePatterns.contains { $0.matches(topic) }
        }
    }

    private static func defaultPartition(of key: [UInt8], _ count: Int32) -> Int32 {
        key.withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: count) }
    }

    private static func topic(_ given: String?, of topology: Topology) throws(OperationError) -> String {
        if let given { return given }
        let topics = topology.sourceTopics.sorted()
        guard topics.count == 1, let only = topics.first else {
            throw OperationError(
                .usage, "the topology reads \(topics.joined(separator: ", ")): say which topic the key is of",
                code: "topic_missing")
        }
        return only
    }

    private static func outputs(of topology: Topology) -> [String] {
        topology.subtopologies.flatMap(\.sinkTopics).compactMap { topic in
            if case .external(let name) = topic { name } else { nil }
        }
    }
}

extension Explanation.Reader {
    init(
        _ partition: TopicPartition, _ subtopology: Topology.Subtopology, _ marks: Watermarks?, _ committed: Int64?,
        _ owner: String?
    ) {
        self.init(
            topic: partition.topic, partition: partition.partition, subtopology: subtopology.id,
            isGlobal: subtopology.isGlobal, owner: owner, committed: committed, end: marks?.high ?? 0)
        // A global table cannot be paused.
        if subtopology.isGlobal { isPaused = false }
    }
}
