package import MillraceEngine

/// A sink's task with the member of the group that reads for it and says which partitions it has.
package final class SinkMember {
    package let task: SinkTask
    private let member: any GroupConsumer
    /// The number of partitions that the group has given.
    package private(set) var partitionCount = 0

    package init(task: SinkTask, member: any GroupConsumer) {
        self.task = task
        self.member = member
    }

    /// Makes a step of the task, and follows the group.
    ///
    /// - Parameter milliseconds: the time to wait for records.
    /// - Throws: `PortError`, ``ConnectorError``; a call of ``recover(from:)`` has to follow.
    package func step(withinMs milliseconds: Int) throws {
        _ = try task.step(withinMs: milliseconds)
        try followGroup()
    }

    /// Makes the task ready for another step after an error.
    ///
    /// - Returns: whether another step may succeed.
    package func recover(from error: any Error) -> Bool {
        guard task.recover(from: error) else { return false }
        // The group waits for the answer to events that came with the error: until then nothing can be assigned.
        do { try followGroup() } catch { return task.recover(from: error) }
        return true
    }

    private func followGroup() throws {
        var failure: (any Error)?
        // The group waits for the answer to every event, whatever happened to the target.
        for event in member.takeMembershipEvents() {
            do { try take(event) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func take(_ event: MembershipEvent) throws {
        switch event {
        case .assigned(let partitions):
            partitionCount = partitions.count
            try task.assign(partitions)
        case .revoked:
            partitionCount = 0
            do { try task.revoke() } catch {
                try task.lose()
                throw error
            }
        case .lost:
            partitionCount = 0
            try task.lose()
        }
    }
}
