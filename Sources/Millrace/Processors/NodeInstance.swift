/// The data that an operator gets when a task instantiates it.
@usableFromInline
package struct NodeInstance {
    /// The operator's name in the topology's description.
    @usableFromInline package let name: String
    @usableFromInline package let context: any TaskContext
    /// Whether an operator downstream needs the old value of a change.
    @usableFromInline package let sendsOldValues: Bool
    /// Whether the incoming records are changes of a versioned table, some of them out of order.
    @usableFromInline package let isOfVersions: Bool
    /// The store that this node has added and alone writes to; `nil` if it has none.
    @usableFromInline package let ownStoreName: String?
    /// All stores connected to this node: its own, and those in which it looks up values.
    @usableFromInline package let storeNames: [String]
    @usableFromInline let children: [Receiver]
    /// The children's names in the topology's description.
    @usableFromInline let childNames: [String]

    package init(
        name: String, context: any TaskContext, sendsOldValues: Bool, isOfVersions: Bool = false,
        ownStoreName: String?, storeNames: [String],
        children: [(name: String, receiver: Receiver)]
    ) {
        self.name = name
        self.context = context
        self.sendsOldValues = sendsOldValues
        self.isOfVersions = isOfVersions
        self.ownStoreName = ownStoreName
        self.storeNames = storeNames
        self.children = children.map(\.receiver)
        childNames = children.map(\.name)
    }

    /// A function that hands a record to every child, in order.
    @inlinable
    func forward<Key, Value>(_ type: Record<Key, Value>.Type) throws -> Forward<Key, Value> {
        let targets = try forwards(type)
        switch targets.count {
        case 0: return Forward { _ in }
        case 1: return targets[0]
        default: return Forward { record in for target in targets { try target(record) } }
        }
    }

    /// The entrances of the children, in order.
    @inlinable
    func forwards<Key, Value>(_ type: Record<Key, Value>.Type) throws -> [Forward<Key, Value>] {
        try children.map { try $0.open(node: name, as: type) }
    }
}

/// The services that a task offers to the operators it runs. The runtime implements it.
@usableFromInline
package protocol TaskContext: AnyObject {
    /// The partition that the task is for.
    var partition: Int32 { get }

    /// An object that operators of the task share by name; the first one that asks for it makes it.
    func shared<Object: AnyObject>(named name: String, _ make: () -> Object) -> Object

    /// Returns a store of this task for a node, whose errors name the store from then on.
    func store(named name: String, for node: String) throws -> OperatorStore

    /// Whether a store is that of a global table, which every processor may read.
    func isGlobalStore(named name: String) -> Bool

    /// The topic to which records go that are too late for a store; `nil` if the user named none.
    func lateTopic(ofStore name: String) -> String?

    /// Returns a topic to write to.
    func output(to topic: TopicName) throws -> any RecordOutput

    /// Returns a user's topic that was chosen for a record, by its full name.
    ///
    /// - Throws: an error of production if there is no such topic.
    func chosenOutput(toTopic topic: String) throws -> any RecordOutput

    /// Hands an error of user code to its handler. Returns if the handler decides to continue without the record.
    ///
    /// - Parameter record: the record, if it has not reached an operator yet.
    /// - Throws: the error that ends the task. Errors on which a handler has already decided pass unchanged, and so do
    ///   errors of the broker and of the stores, which no record causes.
    func failed(
        _ error: any Error, in work: UserWork, at node: String, reading record: UnsafePointer<RawRecord>?) throws

    /// The origin of the record that is being processed; `nil` outside of processing.
    var recordMetadata: RecordMetadata? { get }

    /// Does something on behalf of a record that was processed earlier, so that an error names that record.
    func withMetadata(_ metadata: RecordMetadata?, _ body: () throws -> Void) throws

    /// Counts a record that is dropped.
    func drop(_ reason: DropReason, at node: String)

    /// The highest timestamp processed; −1 if there is none.
    var streamTimeMs: Int64 { get }

    /// The time of day in milliseconds since the epoch.
    var wallClockMs: Int64 { get }

    /// Returns a time that is committed with the offsets, so that it outlives the task; −1 until it is set. The name has to
    /// be one of `ProcessorElement.keptTimes`.
    func keptTime(named name: String) -> KeptTime

    /// A time for intervals, which never goes back.
    var monotonicMs: Int64 { get }

    /// The shortest time for which an operator waits before it looks again for results that time has completed.
    var emitIntervalMs: Int64 { get }

    /// The task, as `<sub-topology>_<partition>`.
    var taskID: String { get }

    var applicationID: String { get }

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

/// A topic as an operator writes to it.
@usableFromInline
package protocol RecordOutput: AnyObject {
    /// Sends a record. The bytes are copied before the call returns.
    ///
    /// - Parameter partition: the partition, or `nil` to choose it from the key as Kafka's default partitioner does.
    func send(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
        headers: Headers) throws

    /// Returns the number of the topic's partitions.
    func partitionCount() throws -> Int32
}

/// The name of a topic before the application's id is known.
@usableFromInline
package enum TopicName: Hashable, Sendable {
    /// A user's topic, by its full name.
    case external(String)
    /// An internal topic of the topology: the application's id and a hyphen precede this name.
    case `internal`(String)

    /// The name as the topology's description prints it.
    package var name: String {
        switch self {
        case .external(let name), .internal(let name): name
        }
    }

    /// The name on the broker.
    package func resolved(applicationID: String) -> String {
        switch self {
        case .external(let name): name
        case .internal(let name): "\(applicationID)-\(name)"
        }
    }
}

extension NodeInstance {
    /// Returns the typed view of this node's own store.
    @usableFromInline
    func timestampedStore<Key, Value>(
        key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        try timestampedStore(named: ownStore(), key: key, value: value)
    }

    /// Returns the typed view of a store to which this node is connected.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` for a store that it is not connected to, as in Kafka.
    @usableFromInline
    func timestampedStore<Key, Value>(
        named storeName: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        TimestampedKeyValueStore(try connectedStore(named: storeName).map(named: storeName), key: key, value: value)
    }

    /// Returns a store to which this node is connected.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` for a store that it is not connected to, as in Kafka.
    @usableFromInline
    func connectedStore(named storeName: String) throws -> OperatorStore {
        guard storeNames.contains(storeName) else {
            throw StreamsError(.invalidTopology, "the operator is not connected to the store \(storeName)", node: name)
        }
        return try context.store(named: storeName, for: name)
    }
}
