extension Cluster {
    /// A group as DescribeGroups answers it; a dead one if it is not there.
    package func describeGroup(_ groupID: String) -> GroupDescription {
        guard let group = groups[groupID] else {
            return GroupDescription(groupID: groupID, state: .dead, protocolType: "", protocolName: "", members: [])
        }
        let isStable = group.state == .stable
        return GroupDescription(
            groupID: groupID, state: group.state, protocolType: group.protocolType ?? "",
            protocolName: isStable ? group.protocolName ?? "" : "",
            members: group.members.map { member in
                GroupMemberDescription(
                    memberID: member.memberID, groupInstanceID: member.groupInstanceID, clientID: member.clientID,
                    clientHost: member.clientHost,
                    metadata: isStable ? member.metadata(for: group.protocolName) : [],
                    assignment: isStable ? member.assignment : [])
            })
    }

    /// All groups by id.
    package func listGroups() -> [GroupListing] {
        groups.sorted { $0.key < $1.key }.map { groupID, group in
            GroupListing(groupID: groupID, protocolType: group.protocolType ?? "", state: group.state)
        }
    }

    /// Deletes an empty group with its offsets.
    /// - Throws: INVALID_GROUP_ID, GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
    package func deleteGroup(_ groupID: String, nowMs: Int64) throws(KafkaError) {
        guard !groupID.isEmpty else { throw KafkaError(.invalidGroupID) }
        guard let group = groups[groupID] else { throw KafkaError(.groupIDNotFound) }
        guard group.state == .empty || group.state == .dead else { throw KafkaError(.nonEmptyGroup) }
        perform(.groupDeleted(groupID: groupID))
    }
}
