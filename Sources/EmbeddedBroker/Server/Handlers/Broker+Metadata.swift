import ClusterCore

extension Broker {
    func apiVersions(_: ApiVersions.Request, _: Call) -> ApiVersions.Response {
        var response = ApiVersions.Response()
        response.apis = API.allCases.map(ApiVersions.Response.Range.init)
        return response
    }

    /// As a listener of Kafka without authentication answers.
    func saslHandshake(_ request: SaslHandshake.Request, _ call: Call) -> SaslHandshake.Response {
        request.failed(KafkaError(.illegalSASLState), version: call.version)
    }

    /// A client that is newer than the broker learns which versions there are from an answer in version 0 (KIP-511).
    func refuseVersion(of header: RequestHeader, on connection: Connection) {
        var oldest = header
        oldest.version = 0
        var response = ApiVersions.Response()
        response.error = .unsupportedVersion
        response.apis = [ApiVersions.Response.Range(.apiVersions)]
        Call(oldest, api: .apiVersions, connection: connection).answer(response)
    }

    func metadata(_ request: Metadata.Request, _ call: Call) -> Metadata.Response {
        var response = Metadata.Response()
        let address = address(for: call)
        response.brokers = [
            Metadata.Response.Broker(nodeID: nodeID, host: address.host, port: Int32(clamping: address.port))
        ]
        response.clusterID = cluster.clusterID
        response.controllerID = nodeID
        if let topics = request.topics, !(call.version == 0 && topics.isEmpty) {
            response.topics = topics.withoutRepetitions { $0 }.map {
                metadata($0, mayCreate: request.allowAutoTopicCreation)
            }
        } else {
            response.topics = cluster.listTopics().map(metadata)
        }
        return response
    }

    private func metadata(_ asked: Metadata.Request.Topic, mayCreate: Bool) -> Metadata.Response.Topic {
        var answer = Metadata.Response.Topic()
        answer.name = asked.name
        answer.topicID = asked.topicID
        guard let name = cluster.topicName(asked.name, id: asked.topicID) else {
            answer.name = nil
            answer.error = .unknownTopicID
            return answer
        }
        do throws(KafkaError) {
            return metadata(try describeTopic(name, mayCreate: mayCreate))
        } catch {
            answer.name = name
            answer.error = error.code
            return answer
        }
    }

    private func describeTopic(_ name: String, mayCreate: Bool) throws(KafkaError) -> TopicDescription {
        do throws(KafkaError) {
            return try cluster.describeTopic(name)
        } catch {
            guard error.code == .unknownTopicOrPartition, mayCreate, configuration.createsTopicsAutomatically,
                !cluster.isInternalTopic(name)
            else {
                throw error
            }
            return try cluster.createTopic(NewTopic(name), nowMs: nowMs)
        }
    }

    private func metadata(_ topic: TopicDescription) -> Metadata.Response.Topic {
        var answer = Metadata.Response.Topic()
        answer.name = topic.name
        answer.topicID = topic.id
        answer.isInternal = topic.isInternal
        answer.partitions = (0..<topic.partitionCount).map { index in
            var partition = Metadata.Response.Partition()
            partition.index = index
            partition.leaderID = nodeID
            partition.leaderEpoch = 0
            partition.replicas = [nodeID]
            partition.inSyncReplicas = [nodeID]
            return partition
        }
        return answer
    }

    func describeCluster(_ request: DescribeCluster.Request, _ call: Call) -> DescribeCluster.Response {
        guard request.endpointType == 1 else {
            return request.failed(KafkaError(.invalidRequest), version: 1)
        }
        var response = DescribeCluster.Response()
        response.clusterID = cluster.clusterID
        response.controllerID = nodeID
        let address = address(for: call)
        response.brokers = [
            DescribeCluster.Response.Broker(nodeID: nodeID, host: address.host, port: Int32(clamping: address.port))
        ]
        return response
    }
}

extension ApiVersions.Response.Range {
    init(_ api: API) {
        self.init(apiKey: api.rawValue, minVersion: api.versions.lowerBound, maxVersion: api.versions.upperBound)
    }
}
