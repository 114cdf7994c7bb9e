/// One operation of the user's, with the pieces of the topology that it comes to.
@usableFromInline
package struct PlanNode: Sendable {
    @usableFromInline package typealias ID = Int

    /// What the optimiser needs to know of an operation.
    package enum Role: Sendable {
        case other
        case streamSource
        case tableSource
        case merge
        /// A repartitioning that the optimiser may merge with others.
        case repartition(Repartition)
        /// A join of streams, which is simpler where both are one.
        case streamJoin(StreamJoin)
    }

    /// How to make a join of a stream with itself.
    package struct StreamJoin: Sendable {
        /// The node that keeps the right stream's records, which is not needed then.
        package var otherWindow: ID
        /// Takes the place of all pieces of the join.
        package var selfJoin: ProcessorElement
    }

    /// How to make a repartitioning anew under another name.
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
    /// Whether the two come from a processor, which may change or keep what it likes.
    package var isProcessor = false
    package var values: ValuesSource = .none
    package var sendsOldValues = false
    /// Whether the node's store is to be made. A table that nobody queries and whose old values nobody needs has none.
    package var isMaterialized = false
    /// Whether the topics behind everything that the operation reads and looks up have to be partitioned alike.
    package var isCopartitioned = false
    /// The operator that a windowed result is of.
    package var windowOperator: WindowOperator?
    /// Whether records without a key have a result here, so that no repartitioning before it may drop them.
    package var acceptsNullKeys = false
}

extension PlanNode {
    /// The node's own store, where it is to be made.
    package var store: StorePlan? {
        guard isMaterialized else { return nil }
        for case .processor(let processor) in elements {
            if let store = processor.store { return store }
        }
        return nil
    }

    /// The tables that the node's processors look up values in.
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

/// Where a table's values come from, when somebody downstream needs the old ones or looks them up by key.
@usableFromInline
package enum ValuesSource: Sendable {
    /// Not a table.
    case none
    /// From the node's own store, which is made for the purpose where there is none.
    case ownStore
    /// From the node's own store if it has one, otherwise from its parents.
    case inherited
    /// As `inherited`, but the parents are kept in any case, so that old values can always be had.
    case joined
    /// From the node's own store what it holds back, otherwise from its parents.
    case buffered
}
