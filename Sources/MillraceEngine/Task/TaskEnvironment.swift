import Logging
package import Millrace

/// Counts of a task's work, for metrics.
package struct TaskCounts: Sendable, Hashable {
    package var processed = 0
    package var restored = 0
    /// Records of changelogs that were applied to a standby.
    package var updated = 0
    package var deadLettered = 0
    /// Dead-lettered records by operator; they count as dropped too.
    package var deadLetteredByOperator: [String: [DropReason: Int]] = [:]
    package var dropped: [DropReason: Int] = [:]
    /// Dropped records by operator; records that a store finds expired count under the store's name.
    package var droppedByOperator: [String: [DropReason: Int]] = [:]

    package init() {}

    package mutating func drop(_ reason: DropReason, at node: String) {
        dropped[reason, default: 0] += 1
        droppedByOperator[node, default: [:]][reason, default: 0] += 1
    }

    mutating func deadLetter(_ reason: DropReason, at node: String) {
        deadLettered += 1
        deadLetteredByOperator[node, default: [:]][reason, default: 0] += 1
    }

    /// Whether all counts are zero.
    var isZero: Bool {
        processed | restored | updated | deadLettered == 0 && dropped.isEmpty && droppedByOperator.isEmpty
    }

    package static func += (left: inout TaskCounts, right: TaskCounts) {
        left.processed += right.processed
        left.restored += right.restored
        left.updated += right.updated
        left.deadLettered += right.deadLettered
        left.deadLetteredByOperator.merge(right.deadLetteredByOperator) { $0.merging($1, uniquingKeysWith: +) }
        left.dropped.merge(right.dropped, uniquingKeysWith: +)
        left.droppedByOperator.merge(right.droppedByOperator) { $0.merging($1, uniquingKeysWith: +) }
    }
}

/// The environment of a task's operators: its stores, its topics, and the handlers of its errors.
final class TaskEnvironment: TaskContext {
    let id: TaskID
    let applicationID: String
    private let producer: any SenderPort
    let handlers: ErrorHandlers
    let logger: Logger
    /// The partition counts of internal topics.
    private let plannedCounts: [String: Int32]
    private var outputs: [String: TaskOutput] = [:]
    /// The names of the stores that each node is connected to, including the global ones that it reads.
    var storesOfNodes: [String: [String]] = [:]
    var stores: [String: TaskStore] = [:]
    var globalStores: [String: GlobalStore] = [:]
    @exclusivity(unchecked) var counts = TaskCounts()
    /// The highest timestamp processed; −1 while there is none.
    @exclusivity(unchecked) var streamTimeMs: Int64 = -1
    /// The times that operators keep beyond the life of the task.
    let keptTimes: [String: KeptTime]
    /// Their names, in order.
    let keptTimeNames: [String]
    let emitIntervalMs: Int64
    /// The actions of the task at its start, at certain times and at its end.
    let schedule: TaskSchedule
    /// The counters of the nodes' entrances.
    private var counters: [RecordCounter] = []
    /// Is told what the operators do; `nil` for none.
    let observer: (any NodeObserver)?
    /// The queue whose record is being processed.
    @exclusivity(unchecked) var current: InputQueue?
    /// The spans of records; `nil` if nothing is traced. It is set before there are operators.
    var trace: TaskTrace?
    /// The metadata of the record for which a cached change is being forwarded.
    private(set) var resumed: RecordMetadata?

    init(
        id: TaskID, applicationID: String, producer: any SenderPort, handlers: ErrorHandlers, clock: any WallClock,
        emitIntervalMs: Int64, keptTimes names: [String], plannedCounts: [String: Int32] = [:],
        observer: (any NodeObserver)? = nil,
        logger: Logger
    ) {
        self.observer = observer
        self.plannedCounts = plannedCounts
        keptTimeNames = names
        keptTimes = Dictionary(names.map { ($0, KeptTime()) }) { first, _ in first }
        self.emitIntervalMs = emitIntervalMs
        self.id = id
        self.applicationID = applicationID
        self.producer = producer
        self.handlers = handlers
        schedule = TaskSchedule(clock: clock)
        self.logger = logger
    }

    private var sharedObjects: [String: AnyObject] = [:]

    func shared<Object: AnyObject>(named name: String, _ make: () -> Object) -> Object {
        if let object = sharedObjects[name] as? Object { return object }
        let object = make()
        sharedObjects[name] = object
        return object
    }

    var partition: Int32 { id.partition }

    var recordMetadata: RecordMetadata? { current?.currentMetadata ?? resumed }

    func withMetadata(_ metadata: RecordMetadata?, _ body: () throws -> Void) throws {
        let (previous, queue) = (resumed, current)
        (resumed, current) = (metadata, nil)
        defer { (resumed, current) = (previous, queue) }
        if let trace { try trace.resume(metadata, body) } else { try body() }
    }

    func store(named name: String, for node: String) throws -> OperatorStore {
        if storesOfNodes[node]?.contains(name) != true { storesOfNodes[node, default: []].append(name) }
        guard let store = stores[name] else {
            if let store = globalStores[name] { return id == .global ? store.access : store.readOnlyAccess }
            throw StreamsError(.stateStore, "there is no store named \(name)", task: id.description)
        }
        return store.access
    }

    func store(withIndex index: String, among names: [String], for node: String) throws -> any IndexedStore {
        let local = names.compactMap { stores[$0] }.first { $0.plan.hasIndex(named: index) }
        let global = globalStores.values.first { $0.plan.hasIndex(named: index) }
        guard let plan = local?.plan ?? global?.plan else {
            throw StreamsError(
                .invalidTopology,
                "no store that the operator is connected to has an index \(index), and no global one does",
                node: node, task: id.description)
        }
        _ = try store(named: plan.name, for: node)
        if let local { return local }
        guard let global else { throw StreamsError(.illegalState, "the index \(index) is gone", node: node) }
        return id == .global ? global.ownIndexes : global
    }

    func isGlobalStore(named name: String) -> Bool { globalStores[name] != nil }

    func lateTopic(ofStore name: String) -> String? { stores[name]?.plan.lateTopic }

    func output(to topic: TopicName) throws -> any RecordOutput {
        traced(try output(toTopic: topic.resolved(applicationID: applicationID)))
    }

    private func traced(_ output: TaskOutput) -> any RecordOutput { trace.map { TracedOutput(output, $0) } ?? output }

    /// Returns a changelog output of a store.
    func changelogOutput(of store: String, to topic: TopicName) throws -> ChangelogOutput {
        let name = topic.resolved(applicationID: applicationID)
        return ChangelogOutput(store: store, topic: name, output: try output(toTopic: name), task: self)
    }

    private func output(toTopic topic: String) throws -> TaskOutput {
        if let output = outputs[topic] { return output }
        let output = TaskOutput(
            number: try producer.topic(named: topic), plannedCount: plannedCounts[topic], producer: producer)
        outputs[topic] = output
        return output
    }

    func chosenOutput(toTopic topic: String) throws -> any RecordOutput { traced(try checkedOutput(toTopic: topic)) }

    /// Returns an output to a topic that could not be checked before the start. A missing topic would show only after a commit has
    /// waited half a minute for it.
    private func checkedOutput(toTopic topic: String) throws -> TaskOutput {
        if let output = outputs[topic] { return output }
        if let problem = KafkaName.problem(of: topic) {
            throw PortError(.rejected, "the topic name \(KafkaName.quoted(topic)) \(problem)")
        }
        let number = try producer.topic(named: topic)
        do throws(PortError) {
            _ = try producer.partitionCount(of: number)
        } catch {
            guard error.kind == .rejected else { throw error }
            throw PortError(.rejected, "topic \(topic), which was chosen for a record, does not exist: \(error)")
        }
        return try output(toTopic: topic)
    }

    func counter(of nodes: [String]) -> RecordCounter {
        let counter = RecordCounter(nodes: nodes)
        counters.append(counter)
        return counter
    }

    /// The number of records that have gone into each node.
    var recordsByNode: [String: Int] {
        counters.reduce(into: [:]) { records, counter in
            for node in counter.nodes { records[node, default: 0] += counter.count }
        }
    }

    func drop(late: Lateness, at node: String) { drop(.expired, at: node, late: late) }

    func drop(_ reason: DropReason, at node: String) { drop(reason, at: node, late: nil) }

    private func drop(_ reason: DropReason, at node: String, late: Lateness?) {
        counts.drop(reason, at: node)
        observer?.dropped(reason, at: node, origin: recordMetadata, late: late)
        logger.debug("dropped a record", metadata: ["reason": "\(reason.rawValue)", "node": "\(node)"])
    }

    var taskID: String { id.description }
    var wallClockMs: Int64 { schedule.wallClockMs }
    var monotonicMs: Int64 { schedule.monotonicMs }

    func keptTime(named name: String) -> KeptTime {
        let time = keptTimes[name]
        // The size of the committed times has to be known when the topology is built.
        assert(time != nil, "no operator has declared the time \(name)")
        return time ?? KeptTime()
    }

    func requestCommit() { schedule.isCommitRequested = true }

    func schedule(
        everyMs intervalMs: Int64, on clock: PunctuationType, _ action: @escaping (_ timestampMs: Int64) throws -> Void
    ) -> Punctuation {
        schedule.add(every: TimeSpan(ms: intervalMs), on: clock, action)
    }

    func onStart(at node: String, _ body: @escaping () throws -> Void) {
        schedule.starts.append { [unowned self] in try start(node, body) }
    }

    func onClose(_ body: @escaping () throws -> Void) { schedule.closes.append(body) }
}
