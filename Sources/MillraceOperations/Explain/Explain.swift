import KafkaClient
import Logging
package import Millrace
package import MillraceRuntime
import MillraceTesting
import Synchronization

/// Explains what became of a key's last record: it runs what the log has of the partition, and of all that is read together with it,
/// through the topology in memory, and follows the record. Nothing is written to the cluster.
package struct Explain {
    private let topology: Topology
    private let configuration: StreamsConfiguration
    private let connection: ClusterConnection
    private var applicationID: String { configuration.applicationID }
    /// The topic; nil if the topology reads only one.
    package var topic: String?
    /// The key's partition; nil for that of Kafka's default partitioner.
    package var partition: Int32?
    package var from = LogLocation.beginning
    /// The most records to run through the topology; nil for any number.
    package var limit: Int64?

    package init(_ topology: Topology, _ configuration: StreamsConfiguration) {
        self.topology = topology
        self.configuration = configuration
        connection = ClusterConnection(configuration)
    }

    /// Explains a key, as somebody typed it.
    ///
    /// - Parameter progress: is told how many records have been processed, of how many.
    /// - Throws: `.usage` if the topic is not clear, the key cannot be read or there are more records than the limit; `.missing` if a
    ///   topic does not exist.
    package func run(key: String, progress: (Int64, Int64) -> Void = { _, _ in }) throws(OperationError) -> Explanation
    {
        let scope = try ExplainScope(
            topology, configuration, connection, topic: topic, key: key, partition: partition, from)
        if let limit, scope.total > limit {
            throw OperationError(
                .usage, "\(scope.total) records would have to be processed, more than \(limit): begin later, with from",
                code: "too_many_records")
        }
        var explanation = scope.explanation
        let trail = RecordTrail()
        let prefix = "\(applicationID)-"
        trail.isInternal = { [topology] topic in
            topology.repartitionTopics.contains { "\(prefix)\($0.name)" == topic }
        }
        let responses = Responses()
        let log = try MergedLog(connection, scope.slices)
        var driver: TopologyTestDriver?
        defer { driver?.close() }
        var done: Int64 = 0
        while let record = try log.next() {
            done += 1
            progress(done, scope.total)
            let isProcessed = record.offset < scope.committed[record.topicPartition] ?? 0
            let isOfKey = scope.isOfKey(record)
            if isOfKey {
                let input = Explanation.Input(
                    offset: record.offset, timestampMs: record.timestampMs,
                    value: scope.decoder.valueJSON(record.value))
                explanation.last = input
                if isProcessed { explanation.processed = input }
            }
            guard isProcessed else { continue }
            let running: TopologyTestDriver
            if let driver {
                running = driver
            } else {
                running = try makeDriver(scope, wallClockMs: max(0, record.timestampMs), trail, responses)
            }
            driver = running
            if isOfKey {
                trail.follow(
                    RecordMetadata(
                        topic: record.topicPartition.topic, partition: record.topicPartition.partition,
                        offset: record.offset))
                responses.clear()
            }
            trail.isCurrent = isOfKey
            // The errors of other records are not asked about; the handlers have continued.
            try? pipe(record, to: running)
            if isOfKey { responses.keep() }
            trail.isCurrent = false
        }
        finish(&explanation, trail, responses.text)
        return explanation
    }

    private func pipe(_ record: LogRecord, to driver: TopologyTestDriver) throws {
        let (now, then) = (Moment(ms: driver.wallClockMs), Moment(ms: record.timestampMs))
        if then > now { try driver.advanceWallClock(by: (then - now).duration) }
        try driver.pipe(
            record.topicPartition.topic, partition: record.topicPartition.partition, offset: record.offset,
            key: record.key, value: record.value, timestampMs: record.timestampMs,
            headers: Headers(record.headers.map { Header(name: $0.name, value: $0.value) }))
    }

    private func makeDriver(
        _ scope: ExplainScope, wallClockMs: Int64, _ trail: RecordTrail, _ responses: Responses
    ) throws(OperationError) -> TopologyTestDriver {
        let handlers = configuration.errorHandlers
        let handler: @Sendable (@escaping ErrorHandlers.Handler) -> ErrorHandlers.Handler = { own in
            { context in
                responses.add(own(context))
                return .continue
            }
        }
        do {
            let driver = try TopologyTestDriver(
                topology.loggingEveryStore(), applicationID: applicationID,
                errorHandlers: ErrorHandlers(
                    deserialization: handler(handlers.deserialization), processing: handler(handlers.processing),
                    production: handler(handlers.production)),
                partitions: PartitionCounts(scope.counts), wallClockMs: wallClockMs, observer: trail,
                logger: Logger(label: "explain") { _ in SwiftLogNoOpLogHandler() })
            driver.readLog()
            driver.onWrite { _ in }
            return driver
        } catch {
            throw OperationError(.failed, "the topology cannot be run: \(error)")
        }
    }

    private func finish(_ explanation: inout Explanation, _ trail: RecordTrail, _ response: String?) {
        for step in trail.steps {
            let (outcome, detail) = step.outcome(response)
            explanation.steps.append(
                Explanation.Step(
                    node: step.node, depth: step.depth, key: step.key, value: step.value,
                    timestampMs: step.timestampMs, outcome: outcome, detail: detail, isLater: step.isLater))
        }
        for sent in trail.sent where !trail.isInternal(sent.record.topic) {
            let (topic, partition, key, value, timestampMs) = sent.record
            let decoder = TopicDecoder(topic, of: topology.loggingEveryStore(), applicationID: applicationID) ?? .plain
            if let store = decoder.store {
                explanation.changes.append(
                    Replay.Change(
                        store: store, partition: partition, key: decoder.keyJSON(key), before: nil,
                        value: decoder.valueJSON(value), timestampMs: timestampMs))
            } else {
                explanation.outputs.append(
                    Replay.Output(
                        topic: topic, partition: partition, key: decoder.keyJSON(key),
                        value: decoder.valueJSON(value), timestampMs: timestampMs))
            }
        }
        if trail.isCut { explanation.notes.append("the record did more than is shown") }
        explanation.conclude(response)
    }
}

extension Explanation {
    private static let quiet: Set<String> = ["forwarded", "stored", "ended", "joined"]

    /// Says in a sentence what follows from the rest.
    fileprivate mutating func conclude(_ response: String?) {
        guard let last else {
            (outcome, summary) = ("no_record", "\(topic)-\(partition) has no record of the key")
            return
        }
        let late = behind.map {
            "; \($0.records) records of \(topic)-\(partition) wait, for \(TimeSpan(ms: $0.ms).duration)"
        }
        guard let processed else {
            (outcome, summary) = (
                "unprocessed", "the record at offset \(last.offset) is not processed yet\(late ?? "")"
            )
            return
        }
        let decisive = steps.last { !Self.quiet.contains($0.outcome) }
        if !outputs.isEmpty {
            outcome = "produced"
            summary = "the record at offset \(processed.offset) produced \(outputs.count) results"
        } else if let decisive {
            outcome = decisive.outcome
            summary =
                "the record at offset \(processed.offset) produced no result: \(decisive.node): \(decisive.detail)"
        } else if !changes.isEmpty {
            outcome = "stored"
            summary = "the record at offset \(processed.offset) changed \(changes.count) entries of stores"
        } else {
            outcome = "nothing"
            summary = "the record at offset \(processed.offset) produced nothing"
        }
        if last.offset > processed.offset {
            summary += "; a later one, at offset \(last.offset), is not processed yet\(late ?? "")"
        }
    }
}

/// The responses of the application's own error handlers.
private final class Responses: Sendable {
    private let state = Mutex<(latest: String?, kept: String?)>((nil, nil))

    var text: String? { state.withLock(\.kept) }
    func clear() { state.withLock { $0 = (nil, nil) } }
    func keep() { state.withLock { $0.kept = $0.latest } }

    func add(_ response: ErrorResponse) {
        let text =
            switch response {
            case .fail: "on which the task ends"
            case .continue: "after which the handler dropped the record"
            case .deadLetter(let topic): "after which the handler sent the record to \(topic)"
            }
        state.withLock { $0.latest = text }
    }
}
