extension Cluster {
    /// Commits offsets; the outcome of each partition, in the order given. A member's commit keeps its session.
    package func commitOffsets(
        _ member: GroupMembership, offsets: [OffsetToCommit], requestVersion: Int16 = .max, nowMs: Int64
    ) -> [PartitionOutcome] {
        do {
            let group = try committingGroup(
                of: member, unknownGroup: requestVersion >= 9 ? .groupIDNotFound : .illegalGeneration, nowMs: nowMs)
            try Self.checkCommit(member, to: group, isTransactional: false)
            if group.state == .stable || group.state == .preparingRebalance,
                let known = group.member(member.memberID)
            {
                extendSession(of: known, in: group, nowMs: nowMs)
            }
        } catch {
            return offsets.map { PartitionOutcome(partition: $0.partition, error: error.code) }
        }
        let (outcomes, entries) = accept(offsets, nowMs: nowMs)
        if !entries.isEmpty { perform(.offsetsCommitted(groupID: member.groupID, entries)) }
        return outcomes
    }

    /// Commits offsets as part of a transaction: they count when it is committed (KIP-98, KIP-447).
    /// - Throws: INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE unless the
    ///   group was added to the open transaction; ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID by member.
    package func commitTransactionOffsets(
        _ transactionalID: String, producer: ProducerIdentity, member: GroupMembership, offsets: [OffsetToCommit],
        nowMs: Int64
    ) throws(KafkaError) -> [PartitionOutcome] {
        let entry: TransactionEntry
        do { entry = try self.entry(of: transactionalID, producer) } catch {
            // This request never answers PRODUCER_FENCED.
            throw error.code == .producerFenced ? KafkaError(.invalidProducerEpoch) : error
        }
        guard entry.state == .ongoing, entry.groups.contains(member.groupID) else { throw KafkaError(.invalidTxnState) }
        let group = try committingGroup(of: member, unknownGroup: .illegalGeneration, nowMs: nowMs)
        try Self.checkCommit(member, to: group, isTransactional: true)
        let (outcomes, entries) = accept(offsets, nowMs: nowMs)
        if !entries.isEmpty {
            perform(.offsetsPending(groupID: member.groupID, producerID: producer.producerID, entries))
        }
        return outcomes
    }

    /// The group, made for a committer that is no member of any.
    private func committingGroup(of member: GroupMembership, unknownGroup: KafkaErrorCode, nowMs: Int64)
        throws(KafkaError) -> Group
    {
        if let group = groups[member.groupID] { return group }
        guard member.generationID < 0 else { throw KafkaError(unknownGroup) }
        let group = groupMaking(member.groupID, nowMs: nowMs)
        recordChange(of: group.makeDurable())
        return group
    }

    private static func checkCommit(_ member: GroupMembership, to group: Group, isTransactional: Bool)
        throws(KafkaError)
    {
        if member.generationID < 0, group.state == .empty { return }
        if member.generationID >= 0 || !member.memberID.isEmpty || member.groupInstanceID != nil {
            try group.checkMember(member.memberID, member.groupInstanceID)
            guard member.generationID == group.generationID else { throw KafkaError(.illegalGeneration) }
        } else if !isTransactional {
            throw KafkaError(.unknownMemberID)
        }
        if !isTransactional, group.state == .completingRebalance { throw KafkaError(.rebalanceInProgress) }
    }

    private func accept(_ offsets: [OffsetToCommit], nowMs: Int64) -> ([PartitionOutcome], [StoredOffsetEntry]) {
        var outcomes: [PartitionOutcome] = []
        var entries: [StoredOffsetEntry] = []
        outcomes.reserveCapacity(offsets.count)
        for item in offsets {
            var error = KafkaErrorCode.none
            if topics[item.partition.topic]?.log(item.partition.partition) == nil {
                error = .unknownTopicOrPartition
            } else if item.offset.metadata.utf16.count > configuration.maxOffsetMetadataBytes {
                error = .offsetMetadataTooLarge
            } else {
                let stored = StoredOffset(offset: item.offset, commitMs: nowMs, number: nextOffsetNumber)
                entries.append(StoredOffsetEntry(partition: item.partition, stored: stored))
            }
            outcomes.append(PartitionOutcome(partition: item.partition, error: error))
        }
        return (outcomes, entries)
    }

    /// A group's committed offsets, of the partitions in the order given, or all in order.
    ///
    /// `partitions` nil: all that have a committed offset. With `requireStable` a partition that an open transaction is
    /// about to commit is answered with UNSTABLE_OFFSET_COMMIT.
    package func fetchOffsets(groupID: String, partitions: [TopicPartition]?, requireStable: Bool = false)
        -> [FetchedOffset]
    {
        let group = groups[groupID]
        let wanted = partitions ?? group?.offsets.keys.sorted() ?? []
        return wanted.map { partition in
            if requireStable, group?.hasPendingOffset(of: partition) == true {
                return FetchedOffset(
                    partition: partition, offset: CommittedOffset(offset: -1), error: .unstableOffsetCommit)
            }
            let offset = group?.offsets[partition]?.offset ?? CommittedOffset(offset: -1)
            return FetchedOffset(partition: partition, offset: offset, error: .none)
        }
    }

    /// Deletes committed offsets; the outcome of each partition, in the order given.
    /// - Throws: INVALID_GROUP_ID, GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP unless it is empty or a consumer group.
    package func deleteOffsets(groupID: String, partitions: [TopicPartition], nowMs: Int64) throws(KafkaError)
        -> [PartitionOutcome]
    {
        guard !groupID.isEmpty else { throw KafkaError(.invalidGroupID) }
        guard let group = groups[groupID] else { throw KafkaError(.groupIDNotFound) }
        guard group.state == .empty || group.protocolType == "consumer" else { throw KafkaError(.nonEmptyGroup) }
        var deleted: [TopicPartition] = []
        let outcomes = partitions.map { partition in
            if topics[partition.topic]?.log(partition.partition) == nil {
                return PartitionOutcome(partition: partition, error: .unknownTopicOrPartition)
            }
            if group.isSubscribed(to: partition.topic) {
                return PartitionOutcome(partition: partition, error: .groupSubscribedToTopic)
            }
            if group.hasOffset(of: partition) { deleted.append(partition) }
            return PartitionOutcome(partition: partition, error: .none)
        }
        if !deleted.isEmpty { perform(.offsetsDeleted(groupID: groupID, deleted)) }
        return outcomes
    }

    /// Deletes offsets past their retention, and empty groups that have none left.
    func expireOffsets(nowMs: Int64) {
        for (groupID, group) in groups.sorted(by: { $0.key < $1.key }) {
            let isSimple = group.protocolType == nil
            guard isSimple || group.state == .empty || (group.state == .stable && group.subscribedTopics != nil) else {
                continue
            }
            let sinceEmptyMs = group.state == .empty && !isSimple ? group.stateSinceMs : nil
            let expired = group.offsets.filter { partition, stored in
                nowMs.milliseconds(since: sinceEmptyMs ?? stored.commitMs) >= configuration.offsetsRetentionMs
                    && !group.isSubscribed(to: partition.topic) && !group.hasPendingOffset(of: partition)
            }
            if !expired.isEmpty { perform(.offsetsDeleted(groupID: groupID, expired.keys.sorted())) }
            if group.state == .empty, group.offsets.isEmpty, group.pendingOffsets.isEmpty,
                group.pendingMembers.isEmpty
            {
                perform(.groupDeleted(groupID: groupID))
            }
        }
    }
}
