import ClusterCore

extension Broker {
    func createTopics(_ request: CreateTopics.Request, _ call: Call) -> CreateTopics.Response {
        do throws(KafkaError) {
            try cluster.checkSize(of: request.topics.map(NewTopic.init))
        } catch {
            return request.failed(error, version: call.version)
        }
        let repeated = Dictionary(grouping: request.topics, by: \.name).filter { $0.value.count > 1 }
        var response = CreateTopics.Response()
        response.topics = request.topics.map { topic in
            var answer = CreateTopics.Response.Topic()
            answer.name = topic.name
            do throws(KafkaError) {
                guard repeated[topic.name] == nil else { throw KafkaError(.invalidRequest, "Duplicate topic name.") }
                try check(topic.assignments)
                let created = try cluster.createTopic(
                    NewTopic(topic), validateOnly: request.validateOnly, nowMs: nowMs)
                answer.topicID = created.id
                answer.partitionCount = created.partitionCount
                answer.replicationFactor = 1
                // A topic that was only validated has none to describe.
                let configs = try? cluster.describeConfigs(.topic(topic.name))
                answer.configs = (configs ?? []).map(CreateTopics.Response.Config.init)
            } catch {
                answer.error = error.code
                answer.errorMessage = error.message
            }
            return answer
        }
        return response
    }

    private func check(_ assignments: [CreateTopics.Request.Assignment]) throws(KafkaError) {
        guard Set(assignments.map(\.partition)).count == assignments.count else {
            throw KafkaError(.invalidReplicaAssignment, "Found multiple manual partition assignments for a partition.")
        }
    }

    func deleteTopics(_ request: DeleteTopics.Request, _ call: Call) -> DeleteTopics.Response {
        let asked =
            call.version >= 6 ? request.topics : request.topicNames.map { DeleteTopics.Request.Topic(name: $0) }
        var response = DeleteTopics.Response()
        response.topics = asked.map { topic in
            var answer = DeleteTopics.Response.Topic()
            answer.name = topic.name
            answer.topicID = topic.topicID
            do throws(KafkaError) {
                guard topic.topicID == .zero || topic.name?.isEmpty ?? true else {
                    throw KafkaError(.invalidRequest, "You may not specify both topic name and topic id.")
                }
                guard let name = cluster.topicName(topic.name, id: topic.topicID) else {
                    throw KafkaError(.unknownTopicID)
                }
                answer.name = name
                answer.topicID = try cluster.describeTopic(name).id
                try cluster.deleteTopic(name, nowMs: nowMs)
            } catch {
                answer.error = error.code
                answer.errorMessage = error.message
            }
            return answer
        }
        return response
    }

    func createPartitions(_ request: CreatePartitions.Request, _ call: Call) -> CreatePartitions.Response {
        do throws(KafkaError) {
            try cluster.checkNewPartitions(request.topics.reduce(0) { $0 + addedPartitions(by: $1) })
        } catch {
            return request.failed(error, version: call.version)
        }
        let repeated = Dictionary(grouping: request.topics, by: \.name).filter { $0.value.count > 1 }
        var response = CreatePartitions.Response()
        response.topics = request.topics.map { topic in
            var answer = CreatePartitions.Response.Topic()
            answer.name = topic.name
            do throws(KafkaError) {
                guard repeated[topic.name] == nil else { throw KafkaError(.invalidRequest, "Duplicate topic name.") }
                try check(topic)
                try cluster.createPartitions(
                    topic: topic.name, totalCount: topic.count, validateOnly: request.validateOnly, nowMs: nowMs)
            } catch {
                answer.error = error.code
                answer.errorMessage = error.message
            }
            return answer
        }
        return response
    }

    private func addedPartitions(by topic: CreatePartitions.Request.Topic) -> Int {
        guard let known = try? cluster.describeTopic(topic.name) else { return 0 }
        return max(Int(topic.count) - Int(known.partitionCount), 0)
    }

    /// Where the client places the new partitions itself, there is one node to choose.
    private func check(_ topic: CreatePartitions.Request.Topic) throws(KafkaError) {
        guard let assignments = topic.assignments else { return }
        let added = Int(topic.count) - Int(try cluster.describeTopic(topic.name).partitionCount)
        // Too small a count is refused as such.
        guard added > 0 else { return }
        guard assignments.count == added, assignments.allSatisfy({ $0.brokerIDs == [nodeID] }) else {
            throw KafkaError(.invalidReplicaAssignment, "Each new partition takes the one replica \(nodeID).")
        }
    }
}

extension NewTopic {
    init(_ topic: CreateTopics.Request.Topic) {
        self.init(
            topic.name, partitionCount: topic.partitionCount, replicationFactor: topic.replicationFactor,
            replicaAssignment: Dictionary(topic.assignments.map { ($0.partition, $0.brokerIDs) }) { $1 },
            configs: Dictionary(topic.configs.map { ($0.name, $0.value) }) { $1 })
    }
}

extension CreateTopics.Response.Config {
    init(_ entry: ConfigEntry) {
        self.init(
            name: entry.name, value: entry.value, isReadOnly: entry.isReadOnly, source: entry.source.rawValue,
            isSensitive: entry.type == .password)
    }
}
