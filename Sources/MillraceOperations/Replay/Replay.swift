import KafkaClient
package import Millrace
import Synchronization

/// Runs a slice of the log through a topology, in this process and in memory, and tells what each record does. Nothing is written to
/// the cluster.
///
/// The tasks are those of an instance, as the test driver runs them; what goes through repartition topics stays inside. All other
/// records come from the log, the application's own results too if the topology reads them. The wall clock stands at the timestamp
/// of the record that is being processed.
package struct Replay {
    package var topology: Topology
    package var applicationID: String
    package var connection: ClusterConnection
    package var from = LogLocation.beginning
    package var to = LogLocation.end
    /// The key to look at, as somebody typed it; nil for all.
    package var key: String?

    package init(_ topology: Topology, applicationID: String, _ connection: ClusterConnection) {
        self.topology = topology
        self.applicationID = applicationID
        self.connection = connection
    }

    /// The effects of one record of the input.
    package struct Step: Sendable {
        package var input: LogRecord
        package var key: JSONFragment
        package var value: JSONFragment
        package var changes: [Change] = []
        package var outputs: [Output] = []
        /// The errors of user code; the replay goes on after them.
        package var errors: [String] = []
        /// Whether the record's own key is the one that was asked for.
        package var isOfKey: Bool
    }

    /// A change of a store.
    package struct Change: Sendable {
        package var store: String
        package var partition: Int32
        package var key: JSONFragment
        /// The value before; nil if the replay has not seen one.
        package var before: JSONFragment?
        package var value: JSONFragment
        package var timestampMs: Int64
    }

    /// A record that was written to a topic.
    package struct Output: Sendable {
        package var topic: String
        package var partition: Int32
        package var key: JSONFragment
        package var value: JSONFragment
        package var timestampMs: Int64
    }

    package struct Summary: Sendable, Hashable {
        package var records: Int64 = 0
        package var changes: Int64 = 0
        package var outputs: Int64 = 0
        package var errors: Int64 = 0
    }

    /// Runs the slice.
    ///
    /// - Parameters:
    ///   - notice: is told in a sentence of what the replay cannot know.
    ///   - progress: is told how many offsets have been processed, of how many.
    ///   - body: is called with each record that did something to the key; every record where no key is given.
    /// - Throws: `.missing` if an input topic does not exist; `.failed` if the topology cannot be run.
    package func run(
        notice: (String) -> Void, progress: (Int64, Int64) -> Void = { _, _ in }, each body: (Step) -> Void
    ) throws(OperationError) -> Summary {
        let (counts, slices) = try slices(notice)
        var done = SliceProgress(slices)
        let log = try MergedLog(connection, slices)
        var summary = Summary()
        guard let first = try log.next() else {
            notice("the slice has no records")
            return summary
        }
        let errors = ErrorNotes()
        let tracker = ChangeTracker(topology, applicationID: applicationID, key: key)
        let handler: ErrorHandlers.Handler = { context in
            errors.add("\(context.error)")
            return .continue
        }
        let driver = try LogDriver(
            topology, applicationID: applicationID,
            handlers: ErrorHandlers(deserialization: handler, processing: handler, production: handler),
            counts: counts, wallClockMs: first.timestampMs, onWrite: { tracker.note($0) })
        var next: LogRecord? = first
        while let record = next {
            let step = try process(record, driver, tracker, errors)
            summary.records += 1
            summary.changes += Int64(step.changes.count)
            summary.outputs += Int64(step.outputs.count)
            summary.errors += Int64(step.errors.count)
            if key == nil || step.isOfKey || !step.changes.isEmpty || !step.outputs.isEmpty { body(step) }
            done.take(record)
            progress(done.done, done.total)
            next = try log.next()
        }
        return summary
    }

    private func process(
        _ record: LogRecord, _ driver: LogDriver, _ tracker: ChangeTracker, _ errors: ErrorNotes
    ) throws(OperationError) -> Step {
        let partition = record.topicPartition
        let decoder = TopicDecoder(partition.topic, of: topology, applicationID: applicationID) ?? .plain
        var failure: String?
        do {
            try driver.process(record)
        } catch {
            failure = "\(error)"
        }
        var (changes, outputs) = tracker.take()
        changes = tracker.globalChanges(by: record, decoder) + changes
        return Step(
            input: record, key: decoder.keyJSON(record.key), value: decoder.valueJSON(record.value), changes: changes,
            outputs: outputs, errors: errors.take() + (failure.map { [$0] } ?? []),
            isOfKey: key.map { decoder.isKey(record.key, typed: $0) } ?? true)
    }

    /// Returns the partition counts of all topics that are known, and what to read; says what is missing.
    private func slices(
        _ notice: (String) -> Void
    ) throws(OperationError) -> (counts: [String: Int32], slices: [TopicPartition: Range<Int64>]) {
        let admin = try connection.admin()
        let topics = try connection.sourceTopics(of: topology, applicationID: applicationID, admin)
        let counts = try connection.partitionCounts(of: topics.sorted(), admin)
        let missing = topics.filter { counts[$0] == nil }.sorted()
        guard missing.isEmpty else {
            throw OperationError(
                .missing, "the topology reads \(missing.joined(separator: ", ")): there is no such topic")
        }
        let partitions = counts.flatMap { topic, count in (0..<count).map { TopicPartition(topic, $0) } }
        let marks = try connection.watermarks(of: partitions)
        let (starts, ends) = (try connection.offsets(of: from, in: marks), try connection.offsets(of: to, in: marks))
        var slices: [TopicPartition: Range<Int64>] = [:]
        for partition in partitions.sorted() {
            guard let marks = marks[partition], let start = starts[partition], let end = ends[partition] else {
                continue
            }
            let isCut =
                switch from {
                case .beginning: true
                case .end: false
                case .offset(let offset): offset < marks.low
                case .time: start == marks.low
                }
            if marks.low > 0, isCut {
                notice("\(partition): the records before offset \(marks.low) have been deleted")
            }
            if start < end { slices[partition] = start..<end }
        }
        if from != .beginning, topology.subtopologies.contains(where: { !$0.stores.isEmpty }) {
            notice("the stores begin empty: what records before the slice have left in them is missing")
        }
        let outputs = topology.subtopologies.flatMap(\.sinkTopics).compactMap { topic -> String? in
            if case .external(let name) = topic { name } else { nil }
        }
        let others = try connection.partitionCounts(of: outputs, admin)
        return (counts.merging(others) { first, _ in first }, slices)
    }
}

/// The errors that the handlers were asked about.
private final class ErrorNotes: Sendable {
    private let notes = Mutex<[String]>([])

    func add(_ note: String) { notes.withLock { $0.append(note) } }

    func take() -> [String] {
        notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
    }
}
