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

extension ListTransactions.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension DescribeTransactions.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.transactions = transactionalIDs.map {
            Response.Transaction(error: error.code, transactionalID: $0)
        }
        return response
    }
}

extension DescribeProducers.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { topic in
            WireTopic(
                topic.name,
                topic.partitions.map {
                    Response.Partition(index: $0, error: error.code, errorMessage: error.message)
                })
        }
        return response
    }
}
