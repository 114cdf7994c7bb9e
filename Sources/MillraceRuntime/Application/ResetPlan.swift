import KafkaClient
public import Millrace
import MillraceEngine

/// The things that a reset of an application would delete, as they are now.
public struct ResetPlan: Sendable, Hashable {
    /// The application's id, which is the name of its group.
    public var applicationID: String
    /// The client ids of the group's members, in order. While there is one, a reset is refused.
    public var members: [String]
    /// The offsets that the group has committed.
    public var committedOffsets: [Millrace.TopicPartition: Int64]
    /// The application's internal topics that exist, in order.
    public var topics: [String]
    /// The folder of the local state.
    public var stateDirectory: String
    /// The tasks that have local state there, as `<sub-topology>_<partition>`, in order.
    public var tasksWithState: [String]

    /// Whether there is nothing to delete.
    public var isEmpty: Bool { committedOffsets.isEmpty && topics.isEmpty && tasksWithState.isEmpty }
}

extension ApplicationReset {
    /// Looks at what ``run()`` would delete, and changes nothing.
    ///
    /// - Throws: `StreamsError` with code `.configuration`; `.broker`.
    func plan() throws -> ResetPlan {
        let problems = configuration.problems() + topology.problems(applicationID: configuration.applicationID)
        guard problems.isEmpty else { throw StreamsError(.configuration, problems.joined(separator: "; ")) }
        let id = configuration.applicationID
        do {
            let admin = try makeAdmin()
            try admin.checkConnection()
            let internalTopics = topology.internalTopics(id)
            let folder = configuration.stateDirectory + "/" + id
            return ResetPlan(
                applicationID: id, members: (try admin.describeGroup(id)?.members ?? []).map(\.clientID).sorted(),
                committedOffsets: try admin.committedOffsets(of: id),
                topics: try admin.partitionCounts(of: internalTopics.sorted()).keys.sorted(), stateDirectory: folder,
                tasksWithState: StateFiles.names(in: folder).compactMap(TaskID.init(folder:)).sorted()
                    .map(\.description))
        } catch let error as PortError {
            throw StreamsError(.broker, "while looking at what a reset would delete: \(error)")
        }
    }
}

extension StreamsApplication {
    /// Returns what ``reset()`` would delete, and changes nothing.
    ///
    /// ```swift
    /// let plan = try await StreamsApplication(topology, configuration: configuration).planReset()
    /// print(plan.topics, plan.committedOffsets, plan.tasksWithState)
    /// ```
    ///
    /// - Throws: `StreamsError` with code `.configuration` or `.broker`.
    public func planReset() async throws -> ResetPlan {
        let supervisor = supervisor
        return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<ResetPlan, any Error>) in
            do {
                try startThread(named: "millrace-reset") {
                    continuation.resume(with: Result { try supervisor.planReset() })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
