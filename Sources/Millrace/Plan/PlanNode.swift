/// One operation of the user's, with the pieces of the topology that result from it.
@usableFromInline
package struct PlanNode: Sendable {
    @usableFromInline package typealias ID = Int

    /// The part of an operation that the optimiser needs to know.
    package enum Role: Sendable {
        case other
        case streamSource
        case tableSource
        case merge
        /// A repartitioning that the optimiser may merge with others.
        case repartition(Repartition)
        /// A join of streams, which is simpler if both are the same.
        case streamJoin(StreamJoin)
    }

    /// The data needed to make a join of a stream with itself.
    package struct StreamJoin: Sendable {
        /// The node that keeps the right stream's records; a self-join does not need it.
        package var otherWindow: ID
        /// Replaces all pieces of the join.
        package var selfJoin: ProcessorElement
    }

    /// The data needed to make a repartitioning again under another name.
    package struct Repartition: Sendable {
        package var topic: String
        package var hasValueSerde: Bool
        package var remake: @Sendable (_ topic: String, _ names: RepartitionNames) -> [PlanElement]
    }

    @usableFromInline package let id: ID
    /// The name by which children refer to this node: that of its last processor or source.
    package var name: String
    package var role: Role = .other
    package var elements: [PlanElement] = []
    package var parents: [ID] = []
    package var children: [ID] = []
    /// Nodes are written to the topology in this order, parents always first.
    package var buildPriority: Int
    package var changesKey = false
    package var changesValue = false
    /// Whether the two come from a processor, which may change or keep keys and values freely.
    package var isProcessor = false
    package var values: ValuesSource = .none
    package var sendsOldValues = false
    /// Whether the node's store is to be made. A table that is not queried and whose old values are not needed has no store.
    package var isMaterialized = false
    /// Whether the topics upstream of everything that the operation reads and looks up have to be partitioned alike.
    package var isCopartitioned = false
    /// The operator from which a windowed result comes.
    package var windowOperator: WindowOperator?
    /// Whether records without a key have a result here, so that no repartitioning upstream may drop them.
    package var acceptsNullKeys = false
}

extension PlanNode {
    /// The node's own store, if it is to be made.
    package var store: StorePlan? {
        guard isMaterialized else { return nil }
        for case .processor(let processor) in elements {
            if let store = processor.store { return store }
        }
        return nil
    }

    /// The tables in which the node's processors look up values.
    package var lookups: [ID] {
        elements.flatMap { element -> [ID] in
            if case .processor(let processor) = element { processor.lookups } else { [] }
        }
    }
}

/// The names of the three pieces of a repartitioning.
package struct RepartitionNames: Sendable {
    package var sink: String
    package var filter: String
    package var source: String
}

/// The origin of a table's values when an operator downstream needs the old ones or looks them up by key.
@usableFromInline
package enum ValuesSource: Sendable {
    /// Not a table.
    case none
    /// From the node's own store, which is made for the purpose if there is none.
    case store
    /// From the node's own store if it has one, otherwise from its parents.
    case inherited
    /// Like `inherited`, but the parents are always kept, so that old values are available.
    case joined
    /// From the node's own store if it holds the key's change back, otherwise from its parents.
    case buffered
}
