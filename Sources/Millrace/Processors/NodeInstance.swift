/// What an operator is given when a task instantiates it.
@usableFromInline
package struct NodeInstance {
    /// The operator's name in the topology's description.
    @usableFromInline package let name: String
    @usableFromInline package let context: any TaskContext
    /// Whether somebody downstream needs the old value of a change.
    @usableFromInline package let sendsOldValues: Bool
    /// Whether what comes in are changes of a versioned table, some of them out of order.
    @usableFromInline package let isOfVersions: Bool
    /// The store that this node brought along and alone writes to; `nil` where it has none.
    @usableFromInline package let ownStoreName: String?
    /// All stores connected to this node: its own, and those that it looks up values in.
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

/// What a task offers to the operators it runs. The engine implements it.
@usableFromInline
package protocol TaskContext: AnyObject {
    /// The partition that the task is for.
    var partition: Int32 { get }

    /// An object that operators of the task share by name; the first that asks makes it.
    func shared<Object: AnyObject>(named name: String, _ make: () -> Object) -> Object

    /// A store of this task, for a node whose errors name the store from then on.
    func store(named name: String, for node: String) throws -> OperatorStore

    /// Whether a store is that of a global table, which every processor may read.
    func isGlobalStore(named name: String) -> Bool

    /// The topic that records go to which are too late for a store; `nil` where the user named none.
    func lateTopic(ofStore name: String) -> String?

    /// A topic to write to.
    func output(to topic: TopicName) throws -> any RecordOutput

    /// A topic of the user's that was chosen for a record, by its full name.
    ///
    /// - Throws: an error of production where there is no such topic.
    func chosenOutput(toTopic topic: String) throws -> any RecordOutput

    /// Hands an error of user code to the handler that is for it. Returns if the handler decided to go on without the record.
    ///
    /// - Parameter record: the record, where it has not reached an operator yet.
    /// - Throws: the error that ends the task. What a handler has decided upon already, and errors of the broker and of the
    ///   stores, which are no fault of a record, pass.
    func failed(
        _ error: any Error, in work: UserWork, at node: String, reading record: UnsafePointer<RawRecord>?) throws

    /// Where the record that is being processed came from; `nil` outside of processing.
    var recordMetadata: RecordMetadata? { get }

    /// Does something on behalf of a record that was processed before, so that an error names it.
    func withMetadata(_ metadata: RecordMetadata?, _ body: () throws -> Void) throws

    /// Counts a record that goes no further.
    func drop(_ reason: DropReason, at node: String)

    /// The highest timestamp processed; −1 while there is none.
    var streamTimeMs: Int64 { get }

    /// The time of day in milliseconds since the epoch.
    var wallClockMs: Int64 { get }

    /// A time that is committed with the offsets, so that it outlives the task; −1 before it is set. The name has to be one
    /// of `ProcessorElement.keptTimes`.
    func keptTime(named name: String) -> KeptTime

    /// A time for intervals, which nobody sets back.
    var monotonicMs: Int64 { get }

    /// How long an operator waits at least before it looks again for results that time has completed.
    var emitIntervalMs: Int64 { get }

    /// The task, as `<sub-topology>_<partition>`.
    var taskID: String { get }

    var applicationID: String { get }

    /// Asks the worker to commit soon.
    func requestCommit()

    /// Has a closure called when the time of a clock reaches multiples of an interval.
    func schedule(
        everyMs intervalMs: Int64, on clock: PunctuationType, _ action: @escaping (_ timestampMs: Int64) throws -> Void
    ) -> Punctuation

    /// Has user code of a node called once the stores are restored, before the first record. No record is at fault where it
    /// throws, so no handler is asked: the task ends with an error that names the node.
    func onStart(at node: String, _ body: @escaping () throws -> Void)

    /// Has something done when the task ends.
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

    /// How many partitions the topic has.
    func partitionCount() throws -> Int32
}

/// The name of a topic before the application's id is known.
@usableFromInline
package enum TopicName: Hashable, Sendable {
    /// A topic of the user's, by its full name.
    case external(String)
    /// A topic of the topology's own: the application's id and a hyphen come before this name.
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
    /// The typed view of this node's own store.
    @usableFromInline
    func timestampedStore<Key, Value>(
        key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        try timestampedStore(named: ownStore(), key: key, value: value)
    }

    /// The typed view of a store that this node is connected to.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` for a store that it is not connected to, as in Kafka.
    @usableFromInline
    func timestampedStore<Key, Value>(
        named storeName: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        TimestampedKeyValueStore(try connectedStore(named: storeName).map(named: storeName), key: key, value: value)
    }

    /// A store that this node is connected to.
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
