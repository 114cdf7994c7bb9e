/// One piece that a plan node contributes to the topology.
///
/// Most operators contribute a single processor. A repartition contributes a filter, a sink and a source; a table a
/// source, a processor and a store. The pieces of one node are written in order, each fed by the one before it, the first
/// by the node's parents.
@usableFromInline
package enum PlanElement: Sendable {
    case source(SourceElement)
    case processor(ProcessorElement)
    case sink(SinkElement)
    /// A topic of the topology's own, to be created before it runs.
    case repartitionTopic(RepartitionTopic)
}

@usableFromInline
package struct SourceElement: Sendable {
    package var name: String
    package var topics: [TopicName]
    /// Whether every instance reads all partitions, for a global table.
    package var isGlobal: Bool
    /// Where to begin where no valid offset is committed.
    @usableFromInline package var offsetReset = AutoOffsetReset.ofApplication
    /// Matches the topics that are read beside those.
    @usableFromInline package var pattern: TopicPattern?
    /// Makes the reader of one partition.
    package var make: @Sendable (NodeInstance) throws -> SourceReader
    /// What is missing for this element to work, found when it was added; reported when the topology is built.
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
    /// Who hands a processor its records.
    @usableFromInline
    package enum Input: Sendable {
        /// The element before it, or the node's parents where it is the first one.
        case preceding
        /// One of the node's parents.
        case parent(PlanNode.ID)
        /// Other processors of the node, by name.
        case processors([String])
    }

    @usableFromInline package var name: String
    package var input: Input
    /// The store that this processor brings along, if it has one.
    @usableFromInline package var store: StorePlan?
    /// The tables that it looks up values in; it is connected to the stores that hold them.
    package var lookups: [PlanNode.ID]
    /// Whether those tables have to be versioned.
    @usableFromInline package var needsVersions = false
    /// The stores that the user connected it to, or that it shares with others of its operation.
    @usableFromInline package var connectedStores: [StoreConnection]
    /// The names of the times that it keeps beyond the task: `TaskContext.keptTime` gives no others.
    package var keptTimes: [String]
    package var make: @Sendable (NodeInstance) throws -> Receiver
    /// Takes the place of `make` where what follows accepts null keys.
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

/// Where a sink writes to.
@usableFromInline
package enum SinkTarget: Sendable {
    case topic(TopicName)
    /// A topic that is chosen for each record by something of this description.
    case chosen(by: String)
}

extension SinkElement {
    /// The topic, where it is always the same one.
    package var topic: TopicName? {
        if case .topic(let topic) = target { topic } else { nil }
    }
}

/// A topic through which records are sent because their key has changed.
@usableFromInline
package struct RepartitionTopic: Hashable, Sendable {
    /// The name without the application's id.
    package var name: String
    /// How many partitions; by default the most that any topic upstream has.
    package var partitions: Int32?
}
