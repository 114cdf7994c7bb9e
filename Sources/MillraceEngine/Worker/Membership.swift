import Millrace

/// A worker's membership in its group: a pure state machine, which returns the actions for each event.
///
/// Membership is Kafka's, assignment is Millrace's. When the coordinator announces a generation, every member reads the list of
/// members and computes the same distribution of the tasks. The group's generation fences a member that gets it wrong.
///
/// The worker performs the actions in order. In three states it has a duty in each step, whose success is an event: it subscribes
/// while it is unsubscribed, asks for the members and takes over its tasks while it is joining, and looks for the topics while it
/// awaits them. All transitions are listed in docs/membership.md.
struct Membership {
    enum State: String, CaseIterable {
        /// It is no member, or has to join again: it subscribes.
        case unsubscribed
        /// It waits for the coordinator to announce a generation.
        case unassigned
        /// The coordinator has announced a generation. Its members are not known yet, or not all of its tasks are open.
        case joining
        /// It runs its tasks of the generation.
        case active
        /// It is outside the group until the topics exist that it reads.
        case awaitingTopics
    }

    enum Event: Hashable {
        /// The worker has asked to be a member.
        case subscribed
        /// The coordinator has announced a generation. The partitions are those of its own assignor.
        case assigned([TopicPartition])
        /// The coordinator revokes the partitions; those that are lost may have another owner already.
        case revoked(isLost: Bool)
        /// The group rebalances again before this member has joined the generation.
        case superseded
        /// The members are known, and so is this member's share of the tasks.
        case distributed(Distribution)
        /// The tasks are open and their partitions are read.
        case joined(memberID: String?)
        /// Everything that is not committed has to be processed again.
        case processingFailed
        /// Another member has taken over the generation, or the producer.
        case fenced
        /// Committed offsets do not exist any more.
        case offsetsOutOfRange
        /// Topics were deleted and created again.
        case topicsRecreated
        /// Topics are gone.
        case topicsMissing
        /// All topics exist again.
        case topicsFound
    }

    /// An action for the worker to perform.
    enum Action: Hashable {
        /// Commit. Drop what cannot be committed, as `drop` does.
        case commitOrDrop
        /// Abort the transaction, and close all tasks without a checkpoint.
        case drop
        /// Close all tasks except these. All their changes are committed.
        case closeTasks(except: Set<TaskID>)
        /// Close the tasks whose stores are not restored yet.
        case closeRestoringTasks
        /// Close all standbys except these.
        case closeStandbys(except: Set<TaskID>)
        /// Stop reading, and forget the fetched records.
        case stopReading
        /// Leave the group.
        case leave
        /// Open those of these tasks that are not open, and restore their stores.
        case openTasks([TaskID])
        /// Keep standbys of these tasks.
        case openStandbys([TaskID])
        /// Read the partitions of the tasks; those of tasks that are being restored, or that the user has paused, are paused.
        case read([TaskID])
    }

    /// A member's share of a generation's tasks.
    struct Distribution: Hashable {
        var tasks: [TaskID]
        var standbys: [TaskID] = []
        /// The tasks that are open already and continue.
        var kept: Set<TaskID> = []
    }

    private(set) var state = State.unsubscribed
    /// The coordinator's own assignment in the announced generation; `nil` if none was announced, or it is over.
    private(set) var partitions: [TopicPartition]?
    /// The member id of the last generation that was joined.
    private(set) var memberID: String?

    /// Whether this member has left the group since it last had its tasks, so that others may have written to their stores.
    func isNew(_ memberID: String?) -> Bool { self.memberID != memberID }

    /// Handles an event. Returns the actions that follow.
    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .subscribed:
            if state == .unsubscribed { state = partitions == nil ? .unassigned : .joining }
            return []
        case .assigned(let partitions): return begin(partitions)
        case .revoked(let isLost): return end(isLost: isLost)
        case .superseded: return state == .joining ? end(isLost: false) : []
        case .distributed(let distribution): return state == .joining ? takeOn(distribution) : []
        case .joined(let memberID):
            guard state == .joining else { return [] }
            state = .active
            self.memberID = memberID
            return []
        case .processingFailed:
            if state == .active { state = .joining }
            return [.drop, .stopReading]
        case .fenced:
            if state != .awaitingTopics { state = .unsubscribed }
            partitions = nil
            return [.drop, .stopReading]
        case .offsetsOutOfRange:
            guard state == .active else { return [] }
            state = .joining
            return [.commitOrDrop, .closeRestoringTasks, .stopReading]
        case .topicsRecreated:
            guard state == .active else { return [] }
            state = .joining
            return [.closeStandbys(except: []), .drop, .stopReading]
        case .topicsMissing:
            guard state != .awaitingTopics else { return [] }
            state = .awaitingTopics
            partitions = nil
            return [.drop, .closeStandbys(except: []), .stopReading, .leave]
        case .topicsFound:
            if state == .awaitingTopics { state = .unsubscribed }
            return []
        }
    }

    private mutating func begin(_ partitions: [TopicPartition]) -> [Action] {
        switch state {
        case .awaitingTopics: return [.stopReading]
        case .unsubscribed:
            self.partitions = partitions
            return []
        case .unassigned, .joining:
            self.partitions = partitions
            state = .joining
            return []
        case .active:
            // The end of the last generation was not announced.
            self.partitions = partitions
            state = .joining
            return [.drop, .stopReading]
        }
    }

    private mutating func end(isLost: Bool) -> [Action] {
        partitions = nil
        switch state {
        case .unsubscribed, .awaitingTopics: return [.drop, .stopReading]
        case .unassigned, .joining:
            state = .unassigned
            // In a generation without this member, others may have advanced its tasks.
            return isLost ? [.drop, .stopReading] : [.closeTasks(except: []), .stopReading]
        case .active:
            state = .unassigned
            // The stores stay open, because most tasks usually come back.
            return isLost ? [.drop, .stopReading] : [.commitOrDrop, .closeRestoringTasks, .stopReading]
        }
    }

    private func takeOn(_ distribution: Distribution) -> [Action] {
        [
            .closeTasks(except: distribution.kept),
            .closeStandbys(except: Set(distribution.tasks + distribution.standbys)),
            .openTasks(distribution.tasks), .openStandbys(distribution.standbys), .read(distribution.tasks),
        ]
    }
}
