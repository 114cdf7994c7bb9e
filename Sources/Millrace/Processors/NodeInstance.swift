/// The data that an operator gets when a task instantiates it.
@usableFromInline
package struct NodeInstance {
    /// The operator's name in the topology's description.
    @usableFromInline package let name: String
    /// Operators take the roles of the task that they use, by the properties in `NodeInstance+Roles.swift`.
    let context: any TaskContext
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
        return try stores.store(named: storeName, for: name)
    }
}
