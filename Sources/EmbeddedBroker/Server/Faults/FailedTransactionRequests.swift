import ClusterCore

extension InitProducerID.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension AddPartitionsToTxn.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.failed(error)
        return response
    }
}

extension AddOffsetsToTxn.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension EndTxn.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension TxnOffsetCommit.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { WireTopic($0.name, $0.partitions.map(\.index)) }.failed(error)
        return response
    }
}
