/// One piece that a plan node contributes to the topology.
///
/// Most operators contribute a single processor. A repartition contributes a filter, a sink and a source; a table
/// contributes a source, a processor and a store. The pieces of one node are written in order. Each gets its records from
/// the piece before it, the first one from the node's parents.
@usableFromInline
package enum PlanElement: Sendable {
    case source(SourceElement)
    case processor(ProcessorElement)
    case sink(SinkElement)
    /// An internal topic of the topology, to be created before the topology runs.
    case repartitionTopic(RepartitionTopic)
}

@usableFromInline
package struct SourceElement: Sendable {
    package var name: String
    package var topics: [TopicName]
    /// Whether every instance reads all partitions, for a global table.
    package var isGlobal: Bool
    /// The position to begin at if there is no valid committed offset.
    @usableFromInline package var offsetReset = AutoOffsetReset.ofApplication
    /// The pattern of further topics that are read.
    @usableFromInline package var pattern: TopicPattern?
    /// The serdes of the records, for those who show them.
    @usableFromInline package var serdes: StoreSerdes?
    /// Makes the reader of one partition.
    package var make: @Sendable (NodeInstance) throws -> SourceReader
    /// The description of what this element lacks, found when it was added; reported when the topology is built.
    package var problem: String?

    @usableFromInline
    init(
        name: String, topics: [TopicName], isGlobal: Bool = false, problem: String?,
        make: @escaping @Sendable (NodeInstance) throws -> SourceReader
    ) {
        self.name = name
        self.topics = topics
        self.isGlobal = isGlobal
        self.problem = problem
        self.make = make
    }
}

@usableFromInline
package struct ProcessorElement: Sendable {
    /// The origin of a processor's records.
    @usableFromInline
    package enum Input: Sendable {
        /// The preceding element, or the node's parents if it is the first one.
        case preceding
        /// One of the node's parents.
        case parent(PlanNode.ID)
        /// Other processors of the node, by name.
        case processors([String])
    }

    @usableFromInline package var name: String
    package var input: Input
    /// The store that this processor adds, if any.
    @usableFromInline package var store: StorePlan?
    /// The tables in which it looks up values; it is connected to the stores that contain them.
    package var lookups: [PlanNode.ID]
    /// Whether those tables have to be versioned.
    @usableFromInline package var needsVersions = false
    /// The stores to which the user connected it, or that it shares with other processors of its operation.
    @usableFromInline package var connectedStores: [StoreConnection]
    /// The names of the times that it keeps beyond the task: `KeptTimes.keptTime` gives no others.
    package var keptTimes: [String]
    package var make: @Sendable (NodeInstance) throws -> Receiver
    /// Replaces `make` if an operator downstream accepts null keys.
    @usableFromInline package var makeKeepingNullKeys: (@Sendable (NodeInstance) throws -> Receiver)?
    package var problem: String?

    @usableFromInline
    init(
        name: String, input: Input = .preceding, store: StorePlan? = nil, lookups: [PlanNode.ID] = [],
        sharing shared: StorePlan? = nil, keeping keptTimes: [String] = [], problem: String? = nil,
        make: @escaping @Sendable (NodeInstance) throws -> Receiver
    ) {
        self.keptTimes = keptTimes
        connectedStores = shared.map { [StoreConnection(name: $0.name, plan: $0)] } ?? []
        self.name = name
        self.input = input
        self.store = store
        self.lookups = lookups
        self.problem = problem
        self.make = make
    }
}

@usableFromInline
package struct SinkElement: Sendable {
    package var name: String
    package var target: SinkTarget
    /// The serdes of the records, for those who show them.
    @usableFromInline package var serdes: StoreSerdes?
    package var make: @Sendable (NodeInstance) throws -> Receiver
    package var problem: String?

    @usableFromInline
    init(
        name: String, target: SinkTarget, problem: String?,
        make: @escaping @Sendable (NodeInstance) throws -> Receiver
    ) {
        self.name = name
        self.target = target
        self.problem = problem
        self.make = make
    }
}

/// The topic to which a sink writes.
@usableFromInline
package enum SinkTarget: Sendable {
    case topic(TopicName)
    /// A topic that is chosen for each record; the text describes the choice.
    case chosen(by: String)
}

extension SinkElement {
    /// The topic, if it is always the same one.
    package var topic: TopicName? {
        if case .topic(let topic) = target { topic } else { nil }
    }
}

/// A topic through which records are sent because their key has changed.
@usableFromInline
package struct RepartitionTopic: Hashable, Sendable {
    /// The name without the application's id.
    package var name: String
    /// The number of partitions; by default as many as the upstream topic that has the most.
    package var partitions: Int32?
}
