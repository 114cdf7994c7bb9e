import CRdkafka

/// A consumer group as its coordinator describes it.
package struct ConsumerGroupDescription: Sendable, Hashable {
    /// The group's state, which also shows a rebalance.
    package enum State: Sendable, Hashable {
        case unknown, preparingRebalance, completingRebalance, stable, dead, empty
    }

    package struct Member: Sendable, Hashable {
        package var memberID: String
        /// nil for a dynamic member.
        package var groupInstanceID: String?
        package var clientID: String
        package var host: String
        /// The member's assignment from the group's leader; empty unless the group is stable.
        package var assignment: [TopicPartition]
    }

    package var groupID: String
    package var state: State
    /// The assignor in use, such as `range`.
    package var protocolName: String
    package var members: [Member]
}

extension KafkaAdmin {
    /// Describes groups; to Kafka an unknown group is one in the state dead.
    ///
    /// librdkafka 2.0.2 aborts the process if the request goes to its mock cluster.
    package func describeConsumerGroups(
        _ groups: [String], timeoutMs: Int32
    ) throws(KafkaError) -> [String: Result<ConsumerGroupDescription, KafkaError>] {
        guard !groups.isEmpty else { return [:] }
        return try withCStrings(groups) { names throws(KafkaError) in
            try request(
                RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, "describe groups", timeoutMs: timeoutMs,
                submit: { rd_kafka_DescribeConsumerGroups(client.pointer, names, groups.count, $0, $1) },
                read: { event throws(KafkaError) in
                    var results: [String: Result<ConsumerGroupDescription, KafkaError>] = [:]
                    let result = rd_kafka_event_DescribeConsumerGroups_result(event)
                    for group in adminArray({ rd_kafka_DescribeConsumerGroups_result_groups(result, $0) }) {
                        let id = String(cString: rd_kafka_ConsumerGroupDescription_group_id(group))
                        if let error = rd_kafka_ConsumerGroupDescription_error(group) {
                            // Borrowed from the description, not ours to free.
                            let text = String(cString: rd_kafka_error_string(error))
                            results[id] = .failure(
                                client.error(rd_kafka_error_code(error), "describe group \(id)", message: text))
                        } else {
                            results[id] = .success(ConsumerGroupDescription(id, group))
                        }
                    }
                    return results
                })
        }
    }

    /// The offsets a group has committed, of all its partitions or of those named.
    package func listConsumerGroupOffsets(
        _ group: String, partitions: [TopicPartition]? = nil, timeoutMs: Int32
    ) throws(KafkaError) -> [TopicPartition: CommittedOffset] {
        let list = PartitionList(partitions ?? [])
        var requests: [OpaquePointer?] = [
            list.lend { rd_kafka_ListConsumerGroupOffsets_new(group, partitions == nil ? nil : $0) }
        ]
        defer { for request in requests { rd_kafka_ListConsumerGroupOffsets_destroy(request) } }
        return try request(
            RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, "offsets of group \(group)", timeoutMs: timeoutMs,
            submit: { rd_kafka_ListConsumerGroupOffsets(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
                var offsets: [TopicPartition: CommittedOffset] = [:]
                for answer in adminArray({ rd_kafka_ListConsumerGroupOffsets_result_groups(result, $0) }) {
                    try check(group: answer, "offsets of group \(group)")
                    guard let partitions = rd_kafka_group_result_partitions(answer) else { continue }
                    for element in partitions.elements {
                        try client.check(element.err, "offset of \(element.topicPartition) in group \(group)")
                        if let committed = element.committedOffset { offsets[element.topicPartition] = committed }
                    }
                }
                return offsets
            })
    }

    /// Deletes groups without members, and their offsets.
    package func deleteConsumerGroups(
        _ groups: [String], timeoutMs: Int32
    ) throws(KafkaError) -> AdminResults<String> {
        guard !groups.isEmpty else { return [:] }
        var requests = groups.map { rd_kafka_DeleteGroup_new($0) }
        defer { for request in requests { rd_kafka_DeleteGroup_destroy(request) } }
        return try request(
            RD_KAFKA_ADMIN_OP_DELETEGROUPS, "delete groups", timeoutMs: timeoutMs,
            submit: { rd_kafka_DeleteGroups(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                var results: AdminResults<String> = [:]
                let result = rd_kafka_event_DeleteGroups_result(event)
                for answer in adminArray({ rd_kafka_DeleteGroups_result_groups(result, $0) }) {
                    let name = String(cString: rd_kafka_group_result_name(answer))
                    results[name] = Result { () throws(KafkaError) in try check(group: answer, "delete group \(name)") }
                }
                return results
            })
    }

    private func check(group: OpaquePointer, _ operation: String) throws(KafkaError) {
        // Borrowed from the result, not ours to free.
        guard let error = rd_kafka_group_result_error(group) else { return }
        throw client.error(
            rd_kafka_error_code(error), operation, message: String(cString: rd_kafka_error_string(error)))
    }
}

extension ConsumerGroupDescription {
    fileprivate init(_ id: String, _ group: OpaquePointer) {
        groupID = id
        state = State(rd_kafka_ConsumerGroupDescription_state(group))
        protocolName = rd_kafka_ConsumerGroupDescription_partition_assignor(group).map { String(cString: $0) } ?? ""
        members = (0..<rd_kafka_ConsumerGroupDescription_member_count(group)).compactMap { index in
            rd_kafka_ConsumerGroupDescription_member(group, index).map(Member.init)
        }
    }
}

extension ConsumerGroupDescription.State {
    fileprivate init(_ code: rd_kafka_consumer_group_state_t) {
        switch code {
        case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE: self = .preparingRebalance
        case RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE: self = .completingRebalance
        case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE: self = .stable
        case RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: self = .dead
        case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY: self = .empty
        default: self = .unknown
        }
    }
}

extension ConsumerGroupDescription.Member {
    fileprivate init(_ member: OpaquePointer) {
        func text(_ characters: UnsafePointer<CChar>?) -> String { characters.map { String(cString: $0) } ?? "" }
        memberID = text(rd_kafka_MemberDescription_consumer_id(member))
        groupInstanceID = rd_kafka_MemberDescription_group_instance_id(member).map { String(cString: $0) }
        clientID = text(rd_kafka_MemberDescription_client_id(member))
        host = text(rd_kafka_MemberDescription_host(member))
        let partitions = rd_kafka_MemberDescription_assignment(member)
            .flatMap { rd_kafka_MemberAssignment_partitions($0) }
        assignment = partitions?.topicPartitions ?? []
    }
}

/// Lends the strings as an array of C strings.
private func withCStrings<Value>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>) throws(KafkaError) -> Value
) throws(KafkaError) -> Value {
    let all = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: strings.count)
    defer { all.deallocate() }
    let copies = strings.map { string in
        let bytes = Array(string.utf8CString)
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        return copy
    }
    defer { for copy in copies { copy.deallocate() } }
    for (index, copy) in copies.enumerated() { all.advanced(by: index).initialize(to: UnsafePointer(copy.baseAddress)) }
    return try body(all)
}
