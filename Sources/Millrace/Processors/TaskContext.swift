/// Everything that a task offers to the operators it runs. The engine implements it.
///
/// Each role is a protocol of its own, and an operator takes only the roles that it uses.
@usableFromInline
package protocol TaskContext: ProcessorTask, TaskTopics, KeptTimes, EmissionClock, SharedObjects, NodeCounts {
    /// Is told what the operators do with each record; `nil` for none.
    var observer: (any NodeObserver)? { get }
}

/// The names of a task.
@usableFromInline
package protocol TaskIdentity: AnyObject {
    /// The partition that the task is for.
    var partition: Int32 { get }

    /// The task, as `<sub-topology>_<partition>`.
    var taskID: String { get }

    var applicationID: String { get }
}

/// The counts of dropped records.
@usableFromInline
package protocol DropCounter: AnyObject {
    /// Counts a record that is dropped.
    func drop(_ reason: DropReason, at node: String)

    /// Counts a record that is too late for a window.
    func drop(late: Lateness, at node: String)
}

/// The origins of records.
@usableFromInline
package protocol RecordOrigins: AnyObject {
    /// The origin of the record that is being processed; `nil` outside of processing.
    var recordMetadata: RecordMetadata? { get }

    /// Does something on behalf of a record that was processed earlier, so that an error names that record.
    func withMetadata(_ metadata: RecordMetadata?, _ body: () throws -> Void) throws
}

/// The stores of a task.
@usableFromInline
package protocol TaskStores: AnyObject {
    /// Returns a store of this task for a node, whose errors name the store from then on.
    func store(named name: String, for node: String) throws -> OperatorStore

    /// Returns the store that has an index, among some stores of this task and all global ones, for a node whose errors name the store
    /// from then on.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` if none has it.
    func store(withIndex index: String, among names: [String], for node: String) throws -> any IndexedStore

    /// Whether a store is that of a global table, which every processor may read.
    func isGlobalStore(named name: String) -> Bool
}

/// The topics that a task writes to.
@usableFromInline
package protocol TaskTopics: AnyObject {
    /// Returns a topic to write to.
    func output(to topic: TopicName) throws -> any RecordOutput

    /// Returns a user's topic that was chosen for a record, by its full name.
    ///
    /// - Throws: an error of production if there is no such topic.
    func chosenOutput(toTopic topic: String) throws -> any RecordOutput

    /// The topic to which records go that are too late for a store; `nil` if the user named none.
    func lateTopic(ofStore name: String) -> String?
}

/// The times of operators that outlive a task.
@usableFromInline
package protocol KeptTimes: AnyObject {
    /// Returns a time that is committed with the offsets, so that it outlives the task; −1 until it is set. The name has to
    /// be one of `ProcessorElement.keptTimes`.
    func keptTime(named name: String) -> KeptTime
}

/// The pace at which operators hand on results that time has completed.
@usableFromInline
package protocol EmissionClock: AnyObject {
    /// A time for intervals, which never goes back.
    var monotonicMs: Int64 { get }

    /// The shortest time for which an operator waits before it looks again for results that time has completed.
    var emitIntervalMs: Int64 { get }
}

/// The objects that several operators of a task use.
@usableFromInline
package protocol SharedObjects: AnyObject {
    /// An object that operators of the task share by name; the first one that asks for it makes it.
    func shared<Object: AnyObject>(named name: String, _ make: () -> Object) -> Object
}

/// The services of a task for a user's processor. Kafka: `ProcessorContext`.
@usableFromInline
package protocol ProcessorTask: TaskIdentity, DropCounter, RecordOrigins, UserCodeCalls, TaskStores {
    /// The highest timestamp processed; −1 if there is none.
    var streamTimeMs: Int64 { get }

    /// The time of day in milliseconds since the epoch.
    var wallClockMs: Int64 { get }

    /// Asks the worker to commit soon.
    func requestCommit()

    /// Schedules a closure to be called when the time of a clock reaches multiples of an interval.
    func schedule(
        everyMs intervalMs: Int64, on clock: PunctuationType, _ action: @escaping (_ timestampMs: Int64) throws -> Void
    ) -> Punctuation

    /// Schedules user code of a node to be called once the stores are restored, before the first record. Its errors are no
    /// record's, so no handler is asked: the task ends with an error that names the node.
    func onStart(at node: String, _ body: @escaping () throws -> Void)

    /// Schedules a closure to be called when the task ends.
    func onClose(_ body: @escaping () throws -> Void)
}
