import ClusterCore

extension FindCoordinator.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.coordinator.error = error.code
        response.coordinator.errorMessage = error.message
        response.coordinators = keys.map {
            Response.Coordinator(key: $0, error: error.code, errorMessage: error.message)
        }
        return response
    }
}

extension JoinGroup.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        response.memberID = memberID
        return response
    }
}

extension SyncGroup.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension Heartbeat.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension LeaveGroup.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension DescribeGroups.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.groups = groupIDs.map { Response.Group(error: error.code, groupID: $0) }
        return response
    }
}

extension ListGroups.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}

extension DeleteGroups.Request: FallibleRequest {
    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.results = groupIDs.map { Response.Result(groupID: $0, error: error.code) }
        return response
    }
}

extension OffsetCommit.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.topics = topics.map { WireTopic($0.name, $0.partitions.map(\.index)) }.failed(error)
        return response
    }
}

extension OffsetFetch.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] {
        (groups + [group]).flatMap { ($0.topics ?? []).map(\.name) }
    }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.group = failed(group, error, version)
        response.groups = groups.map { failed($0, error, version) }
        return response
    }

    private func failed(_ asked: Group, _ error: KafkaError, _ version: Int16) -> Response.Group {
        var answer = Response.Group()
        answer.groupID = asked.groupID
        answer.error = error.code
        // Before version 2 there is no place for a group's error.
        if version < 2 {
            answer.topics = (asked.topics ?? []).map { topic in
                WireTopic(topic.name, topic.partitions.map { Response.Partition(index: $0, error: error.code) })
            }
        }
        return answer
    }
}

extension OffsetDelete.Request: FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { topics.map(\.name) }

    func failed(_ error: KafkaError, version: Int16) -> Response {
        var response = Response()
        response.error = error.code
        return response
    }
}
