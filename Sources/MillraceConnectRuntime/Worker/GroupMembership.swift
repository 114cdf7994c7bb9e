import Logging
import Millrace
import MillraceEngine
import MillraceRuntime

/// A member of a group over the topic of positions, of which nothing is read. The group says which partitions belong to this process.
///
/// A rebalance interrupts nothing: the partitions stay until the group has agreed, and the members need not agree at any moment, because a
/// task that begins anywhere fences the earlier one by its transactional id.
final class GroupMembership {
    private let member: any GroupConsumer
    private let logger: Logger
    private(set) var partitions: Set<Int32> = []

    /// - Throws: `PortError`.
    init(of group: String, over topic: String, ports: KafkaPorts, clientID: String, logger: Logger) throws(PortError) {
        self.logger = logger
        member = try ports.makeMember(of: group, clientID: clientID)
        do { try member.subscribe(to: [topic]) } catch {
            member.close()
            throw error
        }
    }

    /// Follows the group.
    ///
    /// - Parameter milliseconds: the time to wait if nothing happens.
    /// - Throws: `PortError`.
    func follow(withinMs milliseconds: Int) throws(PortError) {
        let polled = try member.poll(maxRecords: 1_000, timeoutMs: milliseconds)
        for case .trouble(let words) in polled.events { logger.debug("\(words)") }
        for event in member.takeMembershipEvents() {
            switch event {
            case .assigned(let assigned): partitions = Set(assigned.map(\.partition))
            // The next owners are known only when the group has agreed.
            case .revoked: break
            case .lost: partitions = []
            }
            try member.assign([])
        }
    }

    func close() { member.close() }
}
