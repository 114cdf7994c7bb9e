/// A group's state, classic protocol.
package enum GroupState: UInt8, Sendable {
    case empty = 0
    case preparingRebalance = 1
    case completingRebalance = 2
    case stable = 3
    case dead = 4

    /// Its name in DescribeGroups and ListGroups.
    package var name: String {
        switch self {
        case .empty: "Empty"
        case .preparingRebalance: "PreparingRebalance"
        case .completingRebalance: "CompletingRebalance"
        case .stable: "Stable"
        case .dead: "Dead"
        }
    }
}

/// A group as ListGroups answers it.
package struct GroupListing: Hashable, Sendable {
    package var groupID: String
    package var protocolType: String
    package var state: GroupState
}

/// A member as DescribeGroups answers it.
package struct GroupMemberDescription: Hashable, Sendable {
    package var memberID: String
    package var groupInstanceID: String?
    package var clientID: String
    package var clientHost: String
    /// Of the chosen protocol; empty unless the group is stable.
    package var metadata: [UInt8]
    package var assignment: [UInt8]
}

/// A group as DescribeGroups answers it; an unknown group is ``GroupState/dead`` (version 6: GROUP_ID_NOT_FOUND).
package struct GroupDescription: Hashable, Sendable {
    package var groupID: String
    package var state: GroupState
    package var protocolType: String
    /// The chosen assignor; empty unless the group is stable.
    package var protocolName: String
    package var members: [GroupMemberDescription]
}
