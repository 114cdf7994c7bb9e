import KafkaClient
package import Millrace
package import MillraceRuntime
import Synchronization

/// Explains what became of a key's last record: it runs what the log has of the partition, and of all that is read together with it,
/// through the topology in memory, and follows the record. Nothing is written to the cluster.
package struct Explain: Sendable {
    private let topology: Topology
    private let configuration: StreamsConfiguration
    private var connection: ClusterConnection
    private var applicationID: String { configuration.applicationID }
    /// The topic; nil if the topology reads only one.
    package var topic: String?
    /// The key's partition; nil for that of Kafka's default partitioner.
    package var partition: Int32?
    package var from = LogLocation.beginning
    /// The most to read. The answer says if that was not all.
    package var bounds = ExplainBounds()
    /// The moment at which the run gives up; nil for none.
    package var deadline: ContinuousClock.Instant? {
        get { connection.deadline }
        set { connection.deadline = newValue }
    }

    package init(_ topology: Topology, _ configuration: StreamsConfiguration) {
        self.topology = topology
        self.configuration = configuration
        connection = ClusterConnection(configuration)
    }

    /// A key that is to be explained.
    package enum Key: Sendable, Hashable {
        /// A key as somebody typed it, in the text form of the topic's serde.
        case typed(String)
        case bytes([UInt8])
    }

    /// Explains a key, as somebody typed it.
    ///
    /// - Throws: the errors of `run` with a `Key`.
    package func run(key: String, progress: (Int64, Int64) -> Void = { _, _ in }) throws(OperationError) -> Explanation
    {
        try run(key: .typed(key), progress: progress)
    }

    /// Explains a key. Whether its tasks are paused is not known yet: ask the owners, and pass their answers to
    /// `take`.
    ///
    /// - Parameter progress: is told how many offsets have been processed, of how many.
    /// - Throws: `.usage` if the topic is not clear or the key cannot be read; `.missing` if a topic does not exist; `.busy` with code
    ///   `timeout` at the deadline.
    package func run(key: Key, progress: (Int64, Int64) -> Void = { _, _ in }) throws(OperationError) -> Explanation {
        let scope = try ExplainScope(
            topology, applicationID: applicationID, connection, topic: topic, key: key, partition: partition, from)
        let backlog = try Backlog(scope, connection, records: bounds.records)
        var share = bounds.records
        while true {
            let slices = ExplainBounds.cut(scope.slices, of: scope.partition, to: share)
            if var run = try replay(slices, of: scope, isLast: share <= 1, progress) {
                run.explanation.behind = backlog.behind
                run.explanation.last = (backlog.latest ?? run.latest).map(scope.input)
                run.explanation.processed = run.latest.map(scope.input)
                run.explanation.note(slices, of: scope, backlog)
                try followDownstream(&run.explanation, run.partitions, scope.group)
                run.explanation.conclude()
                return run.explanation
            }
            // The records are larger than was to be expected.
            share = max(1, min(share, ExplainBounds.total(slices.values)) / 2)
        }
    }

    private struct Run {
        var explanation: Explanation
        /// The last record of the key.
        var latest: LogRecord?
        /// The partitions of repartition topics to which it has led.
        var partitions: Set<TopicPartition>
    }

    /// Runs slices through the topology. Returns nil if they are too large, unless there is no smaller attempt.
    private func replay(
        _ slices: [TopicPartition: Range<Int64>], of scope: ExplainScope, isLast: Bool,
        _ progress: (Int64, Int64) -> Void
    ) throws(OperationError) -> Run? {
        let trail = RecordTrail(internalTopics: Set(topology.repartitionTopics.map { "\(applicationID)-\($0.name)" }))
        let responses = Responses()
        let log = try MergedLog(connection, slices, maxSizeInBytes: isLast ? .max : bounds.sizeInBytes)
        var read = SliceProgress(slices)
        var driver: LogDriver?
        var latest: LogRecord?
        while let record = try log.next() {
            try connection.checkDeadline()
            read.take(record)
            progress(read.done, read.total)
            let running: LogDriver
            if let driver {
                running = driver
            } else {
                running = try makeDriver(scope, wallClockMs: record.timestampMs, trail, responses)
                driver = running
            }
            let isOfKey = scope.isOfKey(record)
            if isOfKey {
                latest = record
                trail.follow(
                    RecordMetadata(
                        topic: record.topicPartition.topic, partition: record.topicPartition.partition,
                        offset: record.offset))
                responses.begin()
            }
            trail.isCurrent = isOfKey
            // The errors of other records are not asked about; the handlers have continued.
            try? running.process(record)
            responses.end()
            trail.isCurrent = false
        }
        if log.isTooLarge { return nil }
        var explanation = scope.explanation
        explanation.take(trail, responses.text, topology.loggingEveryStore(), applicationID: applicationID)
        return Run(explanation: explanation, latest: latest, partitions: trail.followed)
    }

    private func makeDriver(
        _ scope: ExplainScope, wallClockMs: Int64, _ trail: RecordTrail, _ responses: Responses
    ) throws(OperationError) -> LogDriver {
        let handlers = configuration.errorHandlers
        let handler: @Sendable (@escaping ErrorHandlers.Handler) -> ErrorHandlers.Handler = { own in
            { context in
                responses.take { own(context) }
                return .continue
            }
        }
        return try LogDriver(
            topology, applicationID: applicationID,
            handlers: ErrorHandlers(
                deserialization: handler(handlers.deserialization), processing: handler(handlers.processing),
                production: handler(handlers.production)),
            counts: scope.counts, wallClockMs: wallClockMs, observer: trail, onWrite: { _ in })
    }

    /// Adds the tasks that read what the record has led to, and what waits for them.
    private func followDownstream(
        _ explanation: inout Explanation, _ followed: Set<TopicPartition>, _ group: ApplicationGroup
    ) throws(OperationError) {
        guard !followed.isEmpty else { return }
        // The driver has a partition for each of its tasks; the cluster has them too once an instance has run.
        let counts = try connection.partitionCounts(of: Set(followed.map(\.topic)).sorted(), connection.admin())
        let partitions = followed.filter { $0.partition < counts[$0.topic] ?? 0 }.sorted()
        let marks = try connection.watermarks(of: partitions)
        var waiting: [TopicPartition: Range<Int64>] = [:]
        for partition in partitions {
            guard let marks = marks[partition], let subtopology = subtopology(reading: partition.topic) else {
                continue
            }
            let committed = group.offsets[partition]?.offset
            let first = max(marks.low, committed ?? 0)
            if first < marks.high { waiting[partition] = first..<marks.high }
            explanation.downstream.append(
                Explanation.Reader(
                    partition, subtopology, marks, committed,
                    group.owner(of: subtopology, partition: partition.partition)))
        }
        // The ends of transactions have offsets too, so a partition may have nothing but them.
        let found = try connection.firstTimestamps(in: waiting)
        for (index, reader) in explanation.downstream.enumerated() {
            let partition = TopicPartition(reader.topic, reader.partition)
            guard found[partition] != nil else { continue }
            explanation.downstream[index].waitingRecords = Int64(waiting[partition]?.count ?? 0)
        }
    }

    private func subtopology(reading internalTopic: String) -> Topology.Subtopology? {
        topology.subtopologies.first { subtopology in
            subtopology.sourceTopics.contains { $0.resolved(applicationID: applicationID) == internalTopic }
        }
    }
}

extension ExplainScope {
    func input(_ record: LogRecord) -> Explanation.Input {
        Explanation.Input(
            offset: record.offset, timestampMs: record.timestampMs, value: decoder.valueJSON(record.value))
    }
}

extension Explanation {
    /// Takes the trail of the record.
    fileprivate mutating func take(
        _ trail: RecordTrail, _ response: String?, _ topology: Topology, applicationID: String
    ) {
        for step in trail.steps {
            let (outcome, detail) = step.outcome(response)
            steps.append(
                Step(
                    node: step.node, depth: step.depth, key: step.key, value: step.value,
                    timestampMs: step.timestampMs, outcome: outcome, detail: detail, isLater: step.isLater))
        }
        for sent in trail.sent where !trail.isInternal(sent.record.topic) {
            let (topic, partition, key, value, timestampMs) = sent.record
            let decoder = TopicDecoder(topic, of: topology, applicationID: applicationID) ?? .plain
            if let store = decoder.store {
                changes.append(
                    Replay.Change(
                        store: store, partition: partition, key: decoder.keyJSON(key), before: nil,
                        value: decoder.valueJSON(value), timestampMs: timestampMs))
            } else {
                outputs.append(
                    Replay.Output(
                        topic: topic, partition: partition, key: decoder.keyJSON(key),
                        value: decoder.valueJSON(value), timestampMs: timestampMs))
            }
        }
        if trail.isCut { notes.append("the record did more than is shown") }
    }

    /// Says what was not read.
    fileprivate mutating func note(
        _ slices: [TopicPartition: Range<Int64>], of scope: ExplainScope, _ backlog: Backlog
    ) {
        for (partition, wanted) in scope.slices.sorted(by: { $0.key < $1.key }) {
            let start = slices[partition]?.lowerBound ?? wanted.upperBound
            guard start > wanted.lowerBound else { continue }
            let read = Int64(slices[partition]?.count ?? 0)
            skippedRecords += Int64(wanted.count) - read
            notes.append(
                "\(partition): only the last \(read) of \(wanted.count) processed records were read; what those before offset "
                    + "\(start) did is not known")
        }
        if backlog.skipped > 0 {
            skippedRecords += backlog.skipped
            notes.append(
                "\(scope.partition): only the last \(Int64(scope.waiting.count) - backlog.skipped) of \(scope.waiting.count) "
                    + "waiting records were read")
        }
    }
}

/// The responses of the application's own error handlers. They are asked about the followed record alone.
private final class Responses: Sendable {
    private let state = Mutex<(isAsking: Bool, latest: String?)>((false, nil))

    /// The latest response, in words.
    var text: String? { state.withLock(\.latest) }

    func begin() { state.withLock { $0 = (true, nil) } }
    func end() { state.withLock { $0.isAsking = false } }

    func take(_ response: () -> ErrorResponse) {
        guard state.withLock(\.isAsking) else { return }
        let text =
            switch response() {
            case .fail: "on which the task ends"
            case .continue: "after which the handler dropped the record"
            case .deadLetter(let topic): "after which the handler sent the record to \(topic)"
            }
        state.withLock { $0.latest = text }
    }
}
