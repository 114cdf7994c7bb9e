import ClusterCore
import MillraceEngine

// A line each for the generation, the group, the member's id and, where the member is static, its instance id.

extension GroupMetadata {
    init(_ membership: GroupMembership) {
        let lines =
            ["\(membership.generationID)", membership.groupID, membership.memberID]
            + (membership.groupInstanceID.map { [$0] } ?? [])
        self.init(encoded: Array(lines.joined(separator: "\n").utf8))
    }
}

extension GroupMembership {
    init(_ metadata: GroupMetadata) {
        let lines = String(decoding: metadata.encoded, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        self.init(
            groupID: lines.count > 1 ? lines[1] : "", generationID: Int32(lines[0]) ?? -1,
            memberID: lines.count > 2 ? lines[2] : "", groupInstanceID: lines.count > 3 ? lines[3] : nil)
    }
}
