import KafkaClient
import Millrace
import MillraceRuntime

/// The part of the log that has to be read to explain a key.
struct ExplainScope {
    let decoder: TopicDecoder
    let counts: [String: Int32]
    let slices: [TopicPartition: Range<Int64>]
    let committed: [TopicPartition: Int64]
    private(set) var explanation: Explanation
    private let partition: TopicPartition
    private let keyBytes: [UInt8]

    var total: Int64 {
        slices.values.reduce(0) { sum, slice in
            let (next, overflows) = sum.addingReportingOverflow(Int64(slice.count))
            return overflows ? .max : next
        }
    }

    func isOfKey(_ record: LogRecord) -> Bool { record.topicPartition == partition && record.key == keyBytes }

    init(
        _ topology: Topology, _ configuration: StreamsConfiguration, _ connection: ClusterConnection, topic: String?,
        key: String, partition chosen: Int32?, _ from: LogLocation
    ) throws(OperationError) {
        let id = configuration.applicationID
        let topic = try Self.topic(topic, of: topology)
        guard
            let own = topology.subtopologies.first(where: { subtopology in
                subtopology.sourceTopics.contains { $0.name == topic }
                    || subtopology.sourcePatterns.contains { $0.matches(topic) }
            })
        else { throw OperationError(.missing, "the topology does not read the topic \(topic)", code: "topic_unknown") }
        decoder = TopicDecoder(topic, of: topology, applicationID: id) ?? .plain
        guard let bytes = decoder.keyBytes(typed: key) else {
            throw OperationError(.usage, "the key cannot be read as one of \(topic)", code: "key_unreadable")
        }
        keyBytes = bytes

        let admin = try connection.admin()
        let isWhole = topology.subtopologies.filter { !$0.isGlobal }.count > 1
        let external = topology.sourceTopics
        let counts = try connection.partitionCounts(of: external + Self.outputs(of: topology) + [topic], admin)
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

        // Without repartition topics the key's task reads no other partitions.
        let global = Set(topology.subtopologies.filter(\.isGlobal).flatMap(\.sourceTopics).map(\.name))
        let together = Set(own.sourceTopics.map(\.name)).union([topic])
        var partitions: [TopicPartition] = []
        for name in Set(external).union([topic]).sorted() {
            for index in 0..<(counts[name] ?? 0)
            where isWhole || global.contains(name) || (together.contains(name) && index == number) {
                partitions.append(TopicPartition(name, index))
            }
        }
        let marks = try connection.watermarks(of: partitions)
        let offsets = try connection.kafka("reading the offsets of group \(id)") { () throws(KafkaError) in
            try admin.listConsumerGroupOffsets(id, timeoutMs: connection.timeoutMs)
        }
        let starts = try connection.offsets(of: from, in: marks)
        var (slices, committed): ([TopicPartition: Range<Int64>], [TopicPartition: Int64]) = ([:], [:])
        var notes: [String] = []
        for partition in partitions {
            guard let marks = marks[partition], let start = starts[partition] else { continue }
            // Global tables are read to the end by every instance.
            committed[partition] = global.contains(partition.topic) ? .max : offsets[partition]?.offset ?? 0
            // Only the key's partition is read beyond what is processed.
            let end = partition == self.partition ? marks.high : min(marks.high, committed[partition] ?? 0)
            if start < end { slices[partition] = start..<end }
            if marks.low > 0 {
                notes.append(
                    "\(partition): the records before offset \(marks.low) have been deleted; what they did is not known"
                )
            } else if start > marks.low {
                notes.append("\(partition): what the records before offset \(start) did is not known")
            }
        }
        self.counts = counts
        self.slices = slices
        self.committed = committed
        let done = offsets[partition]?.offset
        explanation = Explanation(
            topic: topic, partition: number, task: own.isGlobal ? "global" : "\(own.id)_\(number)",
            owner: Self.owner(of: partition, id, admin, connection), committed: done,
            end: marks[partition]?.high ?? 0)
        explanation.notes = notes
        let first = max(marks[partition]?.low ?? 0, done ?? 0)
        if !own.isGlobal, first < explanation.end {
            let lags = try Lag(connection).measure(group: id, topics: [topic])
            let own = TopicPartition(topic, number)
            let lag = lags.first { $0.partition == own }
            if let lag, lag.records > 0 {
                explanation.behind = .init(records: lag.records, ms: TimeSpan(.seconds(lag.seconds)).ms)
            }
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

    /// Returns the address of the instance that reads the partition, or if it has none its client; nil if the group has none now.
    private static func owner(
        of partition: TopicPartition, _ group: String, _ admin: KafkaAdmin, _ connection: ClusterConnection
    ) -> String? {
        guard
            case .success(let found)? = try? admin.describeConsumerGroups([group], timeoutMs: connection.timeoutMs)[
                group]
        else { return nil }
        guard let member = found.members.first(where: { $0.assignment.contains(partition) }) else { return nil }
        // A client's id ends with the address of its instance, after an @.
        if let at = member.clientID.lastIndex(of: "@") { return String(member.clientID[at...].dropFirst()) }
        return "\(member.clientID) at \(member.host)"
    }
}
