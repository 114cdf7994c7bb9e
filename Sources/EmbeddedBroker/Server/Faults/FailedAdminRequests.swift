import ClusterCore

extension ApiVersions.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension SaslHandshake.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension Metadata.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] {
        (topics ?? []).compactMap { cluster.topicName($0.name, id: $0.topicID) }
    }

    /// Only topics have errors: a request for all topics gets an empty list.
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = (topics ?? []).map {
            Response.Topic(error: error.code, name: $0.name, topicID: $0.topicID)
        }
        return response
    }
}

extension DescribeCluster.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        response.errorMessage = error.message
        return response
    }
}

extension CreateTopics.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map {
            Response.Topic(name: $0.name, error: error.code, errorMessage: error.message)
        }
        return response
    }
}

extension DeleteTopics.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] {
        topicNames + topics.compactMap { cluster.topicName($0.name, id: $0.topicID) }
    }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        let asked = version >= 6 ? topics : topicNames.map { Topic(name: $0) }
        var response = Response()
        response.topics = asked.map {
            Response.Topic(name: $0.name, topicID: $0.topicID, error: error.code, errorMessage: error.message)
        }
        return response
    }
}

extension CreatePartitions.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map {
            Response.Topic(name: $0.name, error: error.code, errorMessage: error.message)
        }
        return response
    }
}

extension DescribeConfigs.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { resources.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.resources = resources.map {
            Response.Resource(error: error.code, errorMessage: error.message, type: $0.type, name: $0.name)
        }
        return response
    }
}

extension AlterConfigs.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { resources.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.resources = resources.map {
            AlteredResource(error: error.code, errorMessage: error.message, type: $0.type, name: $0.name)
        }
        return response
    }
}

extension IncrementalAlterConfigs.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { resources.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.resources = resources.map {
            AlteredResource(error: error.code, errorMessage: error.message, type: $0.type, name: $0.name)
        }
        return response
    }
}
