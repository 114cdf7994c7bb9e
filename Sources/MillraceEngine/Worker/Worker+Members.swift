import Logging
import Millrace

/// Members of the group that are no workers of this application, or run another topology.
extension Worker {
    /// Looks before the first join whether the group runs another topology already.
    ///
    /// - Throws: `StreamsError` with code `.otherTopology`. Where the broker does not tell, the first generation will.
    func checkTopologyOfGroup() throws {
        guard let identity = configuration.identity, !isTopologyChecked else { return }
        var description: GroupDescription?
        do {
            description = try ports.admin.describeGroup(configuration.applicationID)
        } catch {
            logger.debug("could not ask for the group's members before joining: \(error)")
        }
        isTopologyChecked = true
        guard let description,
            let conflict = GroupMembers.conflict(
                before: identity, in: description.members, applicationID: configuration.applicationID)
        else { return }
        throw otherTopology(conflict, groupReads: description.partitionCounts.keys.sorted())
    }

    /// The workers of a generation.
    ///
    /// - Throws: `StreamsError` with code `.otherTopology` where this worker has to give way.
    func members(of description: GroupDescription) throws -> GroupMembers {
        let members = GroupMembers(
            description.members, applicationID: configuration.applicationID, own: configuration.identity)
        if members.foreign != status.foreignMembers {
            status.foreignMembers = members.foreign
            if !members.foreign.isEmpty {
                group.hasSeenForeignMember = true
                logger.warning(
                    "consumers that are no instances of this application are in its group: \(list(members.foreign)); they get no tasks. Give them a group id of their own: offsets that they commit can make records be left out"
                )
            }
        }
        if let conflict = members.conflict {
            throw otherTopology(conflict, groupReads: description.partitionCounts.keys.sorted())
        }
        return members
    }

    private func otherTopology(_ conflict: TopologyConflict, groupReads: [String]) -> StreamsError {
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
        let others = groupReads.filter { !plan.subscription.contains($0) }
        let read = others.isEmpty ? "" : "; the group also reads \(list(others))"
        return StreamsError(
            .otherTopology,
            "\(conflict.member) runs another topology under application id \(configuration.applicationID): "
                + "\(sentences.joined(separator: "; "))\(read). Give this topology an application id of its own, "
                + "or stop all instances of the other one first")
    }

    /// The sub-topologies that are compared, by their place among these.
    private var localSubtopologies: [Int: Topology.Subtopology] {
        Dictionary(
            topology.subtopologies.filter { !$0.isGlobal }.enumerated().map { ($0.offset, $0.element) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Replaces offsets that a foreign member has committed by this worker's own, where it has kept the task.
    ///
    /// - Throws: `StreamsError` with code `.topic` where nobody knows any more how far the application had got.
    func withoutForeignOffsets(
        _ committed: [TopicPartition: CommittedOffset]
    ) throws -> [TopicPartition: CommittedOffset] {
        guard group.hasSeenForeignMember else { return committed }
        var committed = committed
        var lost: [TopicPartition] = []
        for (partition, offset) in committed.sorted(by: { $0.key < $1.key })
        where OffsetMetadata.decode(offset.metadata) == nil {
            if tasks.all.contains(where: { $0.partitions.contains(partition) }) {
                logger.warning(
                    "a foreign member of the group has committed offset \(offset.offset) of \(partition); this instance goes on where it stood"
                )
                committed[partition] = group.committed[partition]
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
                    + "to where processing is to go on, and start again")
        }
        return committed
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
