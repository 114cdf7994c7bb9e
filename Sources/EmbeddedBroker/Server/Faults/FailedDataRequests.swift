import ClusterCore

extension Produce.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { topic in
            WireTopic(
                topic.name,
                topic.partitions.map {
                    Response.Partition(index: $0.index, error: error.code, errorMessage: error.message)
                })
        }
        return response
    }
}

extension Fetch.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] {
        topics.compactMap { $0.topicID == .zero ? $0.name : cluster.topicName(id: $0.topicID) }
    }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        // An error of the session concerns the request as a whole, any other its partitions.
        if [.fetchSessionIDNotFound, .invalidFetchSessionEpoch].contains(error.code) {
            response.error = error.code
            return response
        }
        response.topics = topics.map { topic in
            Response.Topic(
                name: topic.name, topicID: topic.topicID,
                partitions: topic.partitions.map {
                    Response.Partition(index: $0.index, error: error.code, records: WireRecords())
                })
        }
        return response
    }
}

extension ListOffsets.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { topic in
            WireTopic(topic.name, topic.partitions.map { Response.Partition(index: $0.index, error: error.code) })
        }
        return response
    }
}

extension OffsetForLeaderEpoch.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { topic in
            WireTopic(topic.name, topic.partitions.map { Response.Partition(error: error.code, index: $0.index) })
        }
        return response
    }
}

extension DeleteRecords.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { topic in
            WireTopic(topic.name, topic.partitions.map { Response.Partition(index: $0.index, error: error.code) })
        }
        return response
    }
}
