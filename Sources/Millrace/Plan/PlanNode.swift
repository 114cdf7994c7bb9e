/// One operation of the user's, with the pieces of the topology that it comes to.
package struct PlanNode: Sendable {
    package typealias ID = Int

    /// What the optimiser needs to know of an operation.
    package enum Role: Sendable {
        case other
        case streamSource
        case tableSource
        case merge
        /// A repartitioning that the optimiser may merge with others.
        case repartition(Repartition)
    }

    /// How to make a repartitioning anew under another name.
    package struct Repartition: Sendable {
        package var topic: String
        package var hasValueSerde: Bool
        package var remake: @Sendable (_ topic: String, _ names: RepartitionNames) -> [PlanElement]
    }

    package let id: ID
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
    package var oldValues: OldValuesSource = .none
    package var sendsOldValues = false
    /// Whether the node's store is to be made. A table that nobody queries and whose old values nobody needs has none.
    package var isMaterialized = false
}

/// The names of the three pieces of a repartitioning.
package struct RepartitionNames: Sendable {
    package var sink: String
    package var filter: String
    package var source: String
}

/// Where a node's old values come from, when somebody downstream needs them.
@usableFromInline
package enum OldValuesSource: Sendable {
    /// Not a table.
    case none
    /// From the node's own store, which is made for the purpose where there is none.
    case ownStore
    /// From the node's own store if it has one, otherwise from its parents.
    case inherited
}
