import Logging
import Millrace

/// Checks the members of a worker's group: some may not be workers of this application, or may run another topology.
final class MemberWatch {
    private let context: WorkerContext
    /// Whether the topology that the group runs has been checked.
    private var isTopologyChecked = false
    /// The client ids of members that are not workers of this application, in the last generation that was examined.
    private(set) var foreign: [String] = []
    /// Whether there was ever such a member while this worker was a member.
    private(set) var hasSeenForeign = false

    init(_ context: WorkerContext) { self.context = context }

    private var configuration: WorkerConfiguration { context.configuration }
    private var logger: Logger { context.logger }

    /// Checks before the first join whether the group runs another topology already.
    ///
    /// - Parameter topics: the topics that this worker subscribes to.
    /// - Throws: `StreamsError` with code `.otherTopology`. If the broker does not answer, the first generation is checked instead.
    func checkTopology(beside topics: [String]) throws {
        guard let identity = configuration.identity, !isTopologyChecked else { return }
        var description: GroupDescription?
        do {
            description = try context.ports.admin.describeGroup(configuration.applicationID)
        } catch {
            logger.debug("could not ask for the group's members before joining: \(error)")
        }
        isTopologyChecked = true
        guard let description,
            let conflict = GroupMembers.conflict(
                before: identity, in: description.members, applicationID: configuration.applicationID)
        else { return }
        throw otherTopology(conflict, reading: description.partitionCounts.keys.sorted(), beside: topics)
    }

    /// Returns the workers of a generation.
    ///
    /// - Parameter topics: the topics that this worker subscribes to.
    /// - Throws: `StreamsError` with code `.otherTopology` if this worker has to give way.
    func members(of description: GroupDescription, beside topics: [String]) throws -> GroupMembers {
        let members = GroupMembers(
            description.members, applicationID: configuration.applicationID, local: configuration.identity)
        if members.foreign != foreign {
            foreign = members.foreign
            if !foreign.isEmpty {
                hasSeenForeign = true
                logger.warning(
                    "consumers that are no instances of this application are in its group: \(list(foreign)); they get no tasks. Give them a group id of their local: offsets that they commit can make records be left out"
                )
            }
        }
        if let conflict = members.conflict {
            throw otherTopology(conflict, reading: description.partitionCounts.keys.sorted(), beside: topics)
        }
        return members
    }

    private func otherTopology(
        _ conflict: TopologyConflict, reading read: [String], beside topics: [String]
    ) -> StreamsError {
        let sentences = conflict.differences.map { difference -> String in
            switch difference {
            case .count(let count):
                return "it has \(count) sub-topologies, this one \(localSubtopologies.count)"
            case .topics(let number):
                let here = localSubtopologies[number].map { subtopology in
                    subtopology.sourceTopics.map { $0.resolved(applicationID: configuration.applicationID) }
                        + subtopology.sourcePatterns.map(\.text)
                }
                return "its sub-topology \(number) reads other topics than this one's, which reads \(list(here ?? []))"
            case .stores(let number):
                let here = localSubtopologies[number]?.stores.map(\.name) ?? []
                return "its sub-topology \(number) has other stores than this one's, which has \(list(here))"
            case .outputs(let number):
                let here = localSubtopologies[number]?.sinkTopics.map {
                    $0.resolved(applicationID: configuration.applicationID)
                }
                return "its sub-topology \(number) writes to other topics than this one's, which writes to "
                    + list(here ?? [])
            }
        }
        let others = read.filter { !topics.contains($0) }
        let reading = others.isEmpty ? "" : "; the group also reads \(list(others))"
        return StreamsError(
            .otherTopology,
            "\(conflict.member) runs another topology under application id \(configuration.applicationID): "
                + "\(sentences.joined(separator: "; "))\(reading). Give this topology an application id of its own, "
                + "or stop all instances of the other one first")
    }

    /// The sub-topologies that are compared, by their index among these.
    private var localSubtopologies: [Int: Topology.Subtopology] {
        Dictionary(
            context.topology.subtopologies.filter { !$0.isGlobal }.enumerated().map { ($0.offset, $0.element) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Replaces offsets that a foreign member has committed by this worker's offsets, if it has kept the task.
    ///
    /// - Parameters:
    ///   - committed: the offsets at the broker.
    ///   - known: the committed offsets that this worker knows.
    ///   - kept: the partitions of the tasks that this worker keeps.
    /// - Throws: `StreamsError` with code `.topic` if the application's last offset is not known any more.
    func withoutForeignOffsets(
        _ committed: [TopicPartition: CommittedOffset], known: [TopicPartition: CommittedOffset],
        kept: Set<TopicPartition>
    ) throws -> [TopicPartition: CommittedOffset] {
        guard hasSeenForeign else { return committed }
        var committed = committed
        var lost: [TopicPartition] = []
        for (partition, offset) in committed.sorted(by: { $0.key < $1.key })
        where OffsetMetadata.decode(offset.metadata) == nil {
            if kept.contains(partition) {
                logger.warning(
                    "a foreign member of the group has committed offset \(offset.offset) of \(partition); this instance continues from its own offset"
                )
                committed[partition] = known[partition]
            } else {
                lost.append(partition)
            }
        }
        guard lost.isEmpty else {
            throw StreamsError(
                .topic,
                "the offsets of \(list(lost.map(\.description))) in group \(configuration.applicationID) were committed by "
                    + "a consumer that is no instance of this application, so it is not known which records were "
                    + "processed. Stop that consumer, or give it a group id of its own; then set the group's offsets "
                    + "to where processing is to continue, and start again")
        }
        return committed
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
