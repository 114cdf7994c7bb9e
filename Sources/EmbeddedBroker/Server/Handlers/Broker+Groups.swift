import ClusterCore

extension Broker {
    func findCoordinator(_ request: FindCoordinator.Request, _ call: Call) -> FindCoordinator.Response {
        var response = FindCoordinator.Response()
        if call.version >= 4 {
            response.coordinators = request.keys.map { coordinator($0, type: request.keyType, call) }
        } else {
            response.coordinator = coordinator(request.key, type: request.keyType, call)
        }
        return response
    }

    private func coordinator(_ key: String, type: Int8, _ call: Call) -> FindCoordinator.Response.Coordinator {
        var answer = FindCoordinator.Response.Coordinator()
        answer.key = key
        // Groups and transactional ids; share groups there are none.
        if type == 0 || type == 1 {
            answer.nodeID = nodeID
            let address = address(for: call)
            answer.host = address.host
            answer.port = Int32(clamping: address.port)
        } else {
            answer.error = .invalidRequest
        }
        return answer
    }

    func joinGroup(_ request: JoinGroup.Request, _ call: Call) {
        switch cluster.joinGroup(JoinGroupRequest(request, call), nowMs: nowMs) {
        case .answered(let answer):
            settle()
            call.answer(JoinGroup.Response(answer))
        case .pending(let token):
            wait(for: token, call)
            settle()
        }
    }

    func syncGroup(_ request: SyncGroup.Request, _ call: Call) {
        switch cluster.syncGroup(SyncGroupRequest(request), nowMs: nowMs) {
        case .answered(let answer):
            settle()
            call.answer(SyncGroup.Response(answer))
        case .pending(let token):
            wait(for: token, call)
            settle()
        }
    }

    func heartbeat(_ request: Heartbeat.Request, _ call: Call) -> Heartbeat.Response {
        let member = GroupMembership(
            groupID: request.groupID, generationID: request.generationID, memberID: request.memberID,
            groupInstanceID: request.groupInstanceID)
        do throws(KafkaError) {
            try cluster.heartbeat(member, nowMs: nowMs)
            return Heartbeat.Response()
        } catch {
            return request.failed(error, version: call.version)
        }
    }

    func leaveGroup(_ request: LeaveGroup.Request, _ call: Call) -> LeaveGroup.Response {
        let leaving =
            call.version >= 3
            ? request.members.map { LeavingMember(memberID: $0.memberID, groupInstanceID: $0.groupInstanceID) }
            : [LeavingMember(memberID: request.memberID)]
        do throws(KafkaError) {
            let outcomes = try cluster.leaveGroup(request.groupID, members: leaving, nowMs: nowMs)
            var response = LeaveGroup.Response()
            if call.version >= 3 {
                response.members = zip(leaving, outcomes).map { member, outcome in
                    LeaveGroup.Response.Member(
                        memberID: member.memberID, groupInstanceID: member.groupInstanceID, error: outcome)
                }
            } else {
                response.error = outcomes.first ?? .none
            }
            return response
        } catch {
            return request.failed(error, version: call.version)
        }
    }

    func describeGroups(_ request: DescribeGroups.Request, _: Call) -> DescribeGroups.Response {
        var response = DescribeGroups.Response()
        response.groups = request.groupIDs.withoutRepetitions { $0 }
            .map { DescribeGroups.Response.Group(cluster.describeGroup($0)) }
        return response
    }

    func listGroups(_ request: ListGroups.Request, _: Call) -> ListGroups.Response {
        let states = request.states.map { $0.lowercased() }
        let types = request.types.map { $0.lowercased() }
        var response = ListGroups.Response()
        // All groups are of the classic protocol.
        guard types.isEmpty || types.contains("classic") else { return response }
        response.groups = cluster.listGroups()
            .filter { states.isEmpty || states.contains($0.state.name.lowercased()) }
            .map {
                ListGroups.Response.Group(
                    groupID: $0.groupID, protocolType: $0.protocolType, state: $0.state.name, type: "classic")
            }
        return response
    }

    func deleteGroups(_ request: DeleteGroups.Request, _: Call) -> DeleteGroups.Response {
        var response = DeleteGroups.Response()
        response.results = request.groupIDs.map { groupID in
            var answer = DeleteGroups.Response.Result()
            answer.groupID = groupID
            do throws(KafkaError) {
                try cluster.deleteGroup(groupID, nowMs: nowMs)
            } catch {
                answer.error = error.code
            }
            return answer
        }
        return response
    }
}
