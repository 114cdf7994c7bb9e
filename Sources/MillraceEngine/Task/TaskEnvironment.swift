import Logging
package import Millrace

/// Counts of what a task has done, for metrics.
package struct TaskCounts: Sendable, Hashable {
    package var processed = 0
    package var restored = 0
    /// Records of changelogs that a standby has kept up with.
    package var updated = 0
    package var deadLettered = 0
    package var dropped: [DropReason: Int] = [:]
    /// The same by operator; what a store finds expired counts under the store's name.
    package var droppedByOperator: [String: [DropReason: Int]] = [:]

    package init() {}

    package mutating func drop(_ reason: DropReason, at node: String) {
        dropped[reason, default: 0] += 1
        droppedByOperator[node, default: [:]][reason, default: 0] += 1
    }

    /// Whether nothing was counted.
    var isZero: Bool {
        processed | restored | updated | deadLettered == 0 && dropped.isEmpty && droppedByOperator.isEmpty
    }

    package static func += (left: inout TaskCounts, right: TaskCounts) {
        left.processed += right.processed
        left.restored += right.restored
        left.updated += right.updated
        left.deadLettered += right.deadLettered
        left.dropped.merge(right.dropped, uniquingKeysWith: +)
        left.droppedByOperator.merge(right.droppedByOperator) { $0.merging($1, uniquingKeysWith: +) }
    }
}

/// What the operators of a task reach: its stores, its topics, and the handlers of its errors.
final class TaskEnvironment: TaskContext {
    let id: TaskID
    let applicationID: String
    private let producer: any ProducerPort
    private let handlers: ErrorHandlers
    private let logger: Logger
    /// The partition counts of the topics that are the application's own.
    private let plannedCounts: [String: Int32]
    private var outputs: [String: TaskOutput] = [:]
    var stores: [String: TaskStore] = [:]
    var globalStores: [String: GlobalStore] = [:]
    @exclusivity(unchecked) var counts = TaskCounts()
    /// The highest timestamp processed; −1 while there is none.
    @exclusivity(unchecked) var streamTimeMs: Int64 = -1
    /// The times that operators keep beyond the task.
    let keptTimes: [String: KeptTime]
    /// Their names, in order.
    let keptTimeNames: [String]
    let emitIntervalMs: Int64
    /// What the task does when it starts and ends, and at what times.
    let schedule: TaskSchedule
    /// The queue whose record is being processed.
    @exclusivity(unchecked) var current: InputQueue?
    /// The record on whose behalf something is done that waited in a cache.
    private var resumed: RecordMetadata?

    init(
        id: TaskID, applicationID: String, producer: any ProducerPort, handlers: ErrorHandlers, clock: any Clock,
        emitIntervalMs: Int64, keptTimes names: [String], plannedCounts: [String: Int32] = [:], logger: Logger
    ) {
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

    func resume(_ metadata: RecordMetadata?, _ body: () throws -> Void) throws {
        let (previous, queue) = (resumed, current)
        (resumed, current) = (metadata, nil)
        defer { (resumed, current) = (previous, queue) }
        try body()
    }

    func store(named name: String) throws -> any KeyValueBytesStore {
        guard let store = stores[name] else {
            if let store = globalStores[name] { return id == .global ? store.bytes : store.readOnlyBytes }
            throw StreamsError(.stateStore, "there is no store named \(name)", task: id.description)
        }
        return store.bytes
    }

    func isGlobalStore(named name: String) -> Bool { globalStores[name] != nil }

    func lateTopic(ofStore name: String) -> String? { stores[name]?.plan.lateTopic }

    func output(to topic: TopicName) throws -> any RecordOutput {
        try output(toTopic: topic.resolved(applicationID: applicationID))
    }

    /// The changelog of a store as a topic to write to.
    func changelogOutput(of store: String, to topic: TopicName) throws -> ChangelogOutput {
        let name = topic.resolved(applicationID: applicationID)
        return ChangelogOutput(store: store, topic: name, output: try output(toTopic: name), task: self)
    }

    private func output(toTopic topic: String) throws -> TaskOutput {
        if let output = outputs[topic] { return output }
        let output = TaskOutput(
            topic: topic, number: try producer.topic(named: topic), plannedCount: plannedCounts[topic],
            producer: producer, task: self)
        outputs[topic] = output
        return output
    }

    func chosenOutput(toTopic topic: String) throws -> any RecordOutput { try checkedOutput(toTopic: topic) }

    /// An output whose topic nobody could look for before the start. A missing one would show only when a commit has waited
    /// half a minute for it.
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

    func processingFailed(_ error: any Error, at node: String) throws {
        try decide(.processing, "a closure of the topology threw", error, at: node, .processing, handlers.processing)
    }

    func processingFailed(_ error: any Error, of record: borrowing RawRecord, at node: String) throws {
        try decide(
            .processing, "a closure of the topology threw", error, at: node, .processing, handlers.processing,
            record: copy record)
    }

    func productionFailed(_ error: any Error, at node: String) throws {
        try decide(.production, "a result could not be written", error, at: node, .production, handlers.production)
    }

    func deserializationFailed(_ error: any Error, of record: borrowing RawRecord, at node: String) throws {
        try decide(
            .deserialization, "the record cannot be read", error, at: node, .deserialization, handlers.deserialization,
            record: copy record)
    }

    func drop(_ reason: DropReason, at node: String) {
        counts.drop(reason, at: node)
        logger.debug("dropped a record", metadata: ["reason": "\(reason.rawValue)", "node": "\(node)"])
    }

    var taskID: String { id.description }
    var wallClockMs: Int64 { schedule.wallClockMs }
    var monotonicMs: Int64 { schedule.monotonicMs }

    func keptTime(named name: String) -> KeptTime {
        let time = keptTimes[name]
        // Its size has to be known when the topology is built.
        assert(time != nil, "no operator has declared the time \(name)")
        return time ?? KeptTime()
    }

    func requestCommit() { schedule.isCommitRequested = true }

    func schedule(
        everyMs intervalMs: Int64, on clock: PunctuationType, _ action: @escaping (_ timestampMs: Int64) throws -> Void
    ) -> Punctuation {
        schedule.add(every: TimeSpan(ms: intervalMs), on: clock, action)
    }

    func onStart(_ body: @escaping () throws -> Void) { schedule.starts.append(body) }
    func onClose(_ body: @escaping () throws -> Void) { schedule.closes.append(body) }

    private func decide(
        _ code: StreamsError.Code, _ message: String, _ cause: any Error, at node: String, _ reason: DropReason,
        _ handler: ErrorHandlers.Handler, record: RawRecord? = nil
    ) throws {
        // What goes wrong with a broker or a store is no fault of the record: the worker knows what to do.
        if let cause = cause as? PortError, cause.kind != .rejected { throw cause }
        if let cause = cause as? StreamsError, cause.isDecided || cause.code.isOfTheEngine { throw cause }
        let record = record ?? current?.current
        let metadata =
            record.map { RecordMetadata(topic: $0.topic, partition: $0.partition, offset: $0.offset) } ?? resumed
        var error = StreamsError(
            code, message, node: node, record: metadata, task: id.description, underlying: cause)
        if let cause = cause as? StreamsError, cause.code == .invalidTimestamp {
            // Its message says what to choose instead, and stands for itself.
            error = StreamsError(cause.code, cause.message, node: node, record: metadata, task: id.description)
        }
        error.isDecided = true
        let context = ErrorContext(error: error, key: record?.key.map(Array.init), value: record?.value.map(Array.init))
        switch handler(context) {
        case .fail: throw error
        case .continue: logger.warning("skipped a record: \(error)")
        case .deadLetter(let topic):
            try writeDeadLetter(to: topic, context, record)
            counts.deadLettered += 1
            logger.warning("sent a record to \(topic): \(error)")
        }
        counts.drop(reason, at: node)
    }

    /// Writes the source record as it came, with headers that say what happened to it (KIP-1034).
    private func writeDeadLetter(to topic: String, _ context: ErrorContext, _ record: RawRecord?) throws {
        let cause = context.error.underlying ?? context.error
        var headers = record?.headers ?? Headers()
        headers.append(name: "__streams.errors.exception", text: String(reflecting: type(of: cause)))
        headers.append(name: "__streams.errors.message", text: context.error.description)
        headers.append(name: "__streams.errors.stacktrace", text: String(reflecting: cause))
        if let metadata = context.error.record {
            headers.append(name: "__streams.errors.topic", text: metadata.topic)
            headers.append(name: "__streams.errors.partition", text: String(metadata.partition))
            headers.append(name: "__streams.errors.offset", text: String(metadata.offset))
        }
        do {
            try checkedOutput(toTopic: topic).sendOrThrow(
                key: record?.key, value: record?.value, partition: nil, timestampMs: max(0, record?.timestampMs ?? 0),
                headers: headers)
        } catch let refusal as PortError where refusal.kind == .rejected {
            var error = context.error
            error.message += "; and the topic of dead letters, \(topic), does not take it (\(refusal))"
            throw error
        }
    }
}

extension StreamsError.Code {
    /// Whether the error is one of the engine's surroundings rather than of a record or a closure.
    fileprivate var isOfTheEngine: Bool {
        [.stateStore, .locked, .broker, .fenced, .illegalState, .invalidTopology, .bufferFull].contains(self)
    }
}

/// A topic that a task writes to.
final class TaskOutput: RecordOutput {
    private let topic: String
    private let number: Int
    /// The number of partitions that have tasks, where the topic is the application's own.
    private let plannedCount: Int32?
    /// The number of records without a key that were sent to it.
    private var keylessCount: Int32 = 0
    private let producer: any ProducerPort
    private unowned let task: TaskEnvironment

    init(topic: String, number: Int, plannedCount: Int32?, producer: any ProducerPort, task: TaskEnvironment) {
        self.plannedCount = plannedCount
        self.topic = topic
        self.number = number
        self.producer = producer
        self.task = task
    }

    func send(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
        headers: Headers
    ) throws {
        do {
            try sendOrThrow(key: key, value: value, partition: partition, timestampMs: timestampMs, headers: headers)
        } catch let error where error.kind == .rejected {
            try task.productionFailed(error, at: topic)
        }
    }

    func partitionCount() throws -> Int32 { try plannedCount ?? producer.partitionCount(of: number) }

    @inline(__always)
    func sendOrThrow(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
        headers: Headers
    ) throws(PortError) {
        try producer.send(
            topic: number, partition: partition ?? plannedPartition(of: key), key: key, value: value,
            timestampMs: timestampMs, headers: headers)
    }

    /// The partition by Kafka's partitioner, among those that there are tasks for; records without a key take turns, some hundred
    /// at a time.
    private func plannedPartition(of key: UnsafeRawBufferPointer?) -> Int32? {
        guard let plannedCount, plannedCount > 0 else { return nil }
        guard let key else {
            keylessCount &+= 1
            return (keylessCount & .max) / 128 % plannedCount
        }
        return KafkaPartitioner.partition(for: key, count: plannedCount)
    }
}
