import ClusterCore

extension Broker {
    func commitOffsets(_ request: OffsetCommit.Request, _: Call) -> OffsetCommit.Response {
        let member = GroupMembership(
            groupID: request.groupID, generationID: request.generationID, memberID: request.memberID,
            groupInstanceID: request.groupInstanceID)
        let offsets = request.topics.flatMap { topic in
            topic.partitions.map { partition in
                OffsetToCommit(
                    TopicPartition(topic.name, partition.index),
                    CommittedOffset(
                        offset: partition.offset, leaderEpoch: partition.leaderEpoch, metadata: partition.metadata ?? ""
                    ))
            }
        }
        let outcomes = cluster.commitOffsets(member, offsets: offsets, nowMs: nowMs)
        var response = OffsetCommit.Response()
        response.topics = outcomes.groupedByTopic()
        return response
    }

    func fetchOffsets(_ request: OffsetFetch.Request, _ call: Call) -> OffsetFetch.Response {
        var response = OffsetFetch.Response()
        if call.version >= 8 {
            response.groups = request.groups.withoutRepetitions { $0.groupID }.map { fetchOffsets($0, request) }
        } else {
            response.group = fetchOffsets(request.group, request)
        }
        return response
    }

    private func fetchOffsets(
        _ asked: OffsetFetch.Request.Group, _ request: OffsetFetch.Request
    ) -> OffsetFetch.Response.Group {
        let partitions = asked.topics.map { topics in
            topics.flatMap { topic in topic.partitions.map { TopicPartition(topic.name, $0) } }
        }
        let found = cluster.fetchOffsets(
            groupID: asked.groupID, partitions: partitions, requireStable: request.requireStable)
        var answer = OffsetFetch.Response.Group()
        answer.groupID = asked.groupID
        answer.topics = found.groupedByTopic(\.partition) {
            OffsetFetch.Response.Partition(
                index: $0.partition.partition, offset: $0.offset.offset, leaderEpoch: $0.offset.leaderEpoch,
                metadata: $0.offset.metadata, error: $0.error)
        }
        return answer
    }

    func deleteOffsets(_ request: OffsetDelete.Request, _ call: Call) -> OffsetDelete.Response {
        let partitions = request.topics.flatMap { topic in topic.partitions.map { TopicPartition(topic.name, $0) } }
        do throws(KafkaError) {
            var response = OffsetDelete.Response()
            response.topics = try cluster.deleteOffsets(
                groupID: request.groupID, partitions: partitions, nowMs: nowMs
            ).groupedByTopic()
            return response
        } catch {
            return request.failed(error, version: call.version)
        }
    }
}

extension [PartitionOutcome] {
    func groupedByTopic() -> [WireTopic<WirePartitionResult>] {
        groupedByTopic(\.partition) { WirePartitionResult(index: $0.partition.partition, error: $0.error) }
    }
}

extension Array {
    /// One list a topic, in the order in which topics first appear.
    func groupedByTopic<Partition: WireValue>(
        _ partition: (Element) -> TopicPartition, _ make: (Element) -> Partition
    ) -> [WireTopic<Partition>] {
        var topics: [WireTopic<Partition>] = []
        var indices: [String: Int] = [:]
        for element in self {
            let name = partition(element).topic
            let index = indices[name] ?? topics.count
            if index == topics.count {
                topics.append(WireTopic(name, []))
                indices[name] = index
            }
            topics[index].partitions.append(make(element))
        }
        return topics
    }
}
