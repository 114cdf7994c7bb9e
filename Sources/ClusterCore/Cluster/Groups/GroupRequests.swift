/// An assignment protocol that a member offers, with its subscription.
package struct GroupProtocol: Hashable, Sendable {
    package var name: String
    package var metadata: [UInt8]

    package init(name: String, metadata: [UInt8]) {
        self.name = name
        self.metadata = metadata
    }
}

/// A JoinGroup request (KIP-62, KIP-345, KIP-394).
package struct JoinGroupRequest: Sendable {
    package var groupID: String
    /// Empty for a member that has no id yet.
    package var memberID = ""
    /// Set for static members.
    package var groupInstanceID: String?
    package var clientID = ""
    package var clientHost = "/127.0.0.1"
    package var sessionTimeoutMs: Int32 = 45_000
    package var rebalanceTimeoutMs: Int32 = 300_000
    package var protocolType = "consumer"
    /// In the member's order of preference.
    package var protocols: [GroupProtocol] = []
    /// Whether a dynamic member without an id has to join again with one: versions 4 and later.
    package var requiresKnownMemberID = true
    /// Whether the member understands `skipAssignment`: versions 9 and later (KIP-814).
    package var supportsSkippingAssignment = false

    package init(groupID: String) {
        self.groupID = groupID
    }
}

/// A member as the leader sees it.
package struct JoinedMember: Hashable, Sendable {
    package var memberID: String
    package var groupInstanceID: String?
    package var metadata: [UInt8]
}

/// The answer to a JoinGroup request.
package struct JoinGroupAnswer: Hashable, Sendable {
    package var error: KafkaErrorCode = .none
    package var generationID: Int32 = -1
    package var protocolType: String?
    package var protocolName: String?
    package var leaderID = ""
    package var memberID = ""
    /// Whether the leader has to leave the assignment unchanged.
    package var skipsAssignment = false
    /// All members, for the leader only.
    package var members: [JoinedMember] = []
}

/// A SyncGroup request.
package struct SyncGroupRequest: Sendable {
    package var groupID: String
    package var generationID: Int32
    package var memberID: String
    package var groupInstanceID: String?
    /// Checked if given: versions 5 and later.
    package var protocolType: String?
    package var protocolName: String?
    /// By member id, from the leader only.
    package var assignments: [String: [UInt8]] = [:]

    package init(groupID: String, generationID: Int32, memberID: String, groupInstanceID: String? = nil) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
    }
}

/// The answer to a SyncGroup request.
package struct SyncGroupAnswer: Hashable, Sendable {
    package var error: KafkaErrorCode = .none
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8] = []
}

/// Names an answer that comes later, through ``Cluster/takeCompleted()``.
package struct GroupToken: Hashable, Sendable {
    package var number: UInt64
}

/// An answer now or later.
package enum Deferred<Answer: Sendable>: Sendable {
    case answered(Answer)
    case pending(GroupToken)
}

/// A deferred answer that is ready.
package struct CompletedGroupCall: Sendable {
    package enum Answer: Hashable, Sendable {
        case join(JoinGroupAnswer)
        case sync(SyncGroupAnswer)
    }

    package var token: GroupToken
    package var answer: Answer
}

/// A member that leaves: by id, or by instance id with an empty member id, as the admin client does.
package struct LeavingMember: Hashable, Sendable {
    package var memberID: String
    package var groupInstanceID: String?

    package init(memberID: String, groupInstanceID: String? = nil) {
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
    }
}
