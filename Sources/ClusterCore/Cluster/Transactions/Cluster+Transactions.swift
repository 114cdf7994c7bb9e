extension Cluster {
    /// Returns a new producer id, or the next epoch of a transactional id's producer.
    ///
    /// An open transaction of the id is rolled back first. `current` is what the producer has, when it asks for its
    /// epoch to be bumped (KIP-360).
    /// - Throws: INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before
    ///   version 4), COORDINATOR_NOT_AVAILABLE if the roll-back's markers cannot be written.
    package func initProducerID(
        transactionalID: String?, transactionTimeoutMs: Int32, current: ProducerIdentity = .none,
        requestVersion: Int16 = .max, nowMs: Int64
    ) throws(KafkaError) -> ProducerIdentity {
        guard let transactionalID else { return ProducerIdentity(producerID: newProducerID(), epoch: 0) }
        guard !transactionalID.isEmpty, (current.producerID < 0) == (current.epoch < 0) else {
            throw KafkaError(.invalidRequest)
        }
        guard transactionTimeoutMs > 0, transactionTimeoutMs <= configuration.maxTransactionTimeoutMs else {
            throw KafkaError(.invalidTransactionTimeout)
        }
        let expected = current.producerID < 0 ? nil : current
        do throws(KafkaError) {
            return try initProducer(transactionalID, transactionTimeoutMs, expected, nowMs: nowMs)
        } catch {
            throw Self.fenced(error, isOld: requestVersion < 4)
        }
    }

    private func initProducer(
        _ transactionalID: String, _ timeoutMs: Int32, _ expected: ProducerIdentity?, nowMs: Int64
    ) throws(KafkaError) -> ProducerIdentity {
        var entry: TransactionEntry
        if let known = transactions[transactionalID] {
            entry = known
        } else {
            entry = TransactionEntry(
                transactionalID: transactionalID, producer: ProducerIdentity(producerID: newProducerID(), epoch: -1),
                timeoutMs: timeoutMs, lastUpdateMs: nowMs)
        }
        if let expected { try Self.check(expected, against: entry) }
        if entry.state == .ongoing {
            // Kafka refuses the producer and lets it retry; no producer gets the epoch of the roll-back.
            entry = try end(fencing(entry), commit: false, nowMs: nowMs)
            // The epoch was right, so Kafka rolls back, and that fences the producer.
            if expected != nil { throw KafkaError(.producerFenced) }
        }
        let isRetry = expected.map { $0.epoch != entry.producer.epoch && entry.producer.epoch >= 0 } ?? false
        if !isRetry {
            if entry.isEpochExhausted {
                entry.previousProducerID = entry.producer.producerID
                entry.lastEpoch = expected == nil ? -1 : entry.producer.epoch
                entry.producer = ProducerIdentity(producerID: newProducerID(), epoch: 0)
            } else {
                entry.lastEpoch = expected == nil ? -1 : entry.producer.epoch
                entry.producer.epoch += 1
            }
        }
        entry.timeoutMs = timeoutMs
        entry.state = .empty
        entry.partitions = []
        entry.groups = []
        entry.startMs = -1
        entry.lastUpdateMs = nowMs
        perform(.transactionChanged(entry))
        return entry.producer
    }

    /// Refuses a producer that is not the id's current one and does not repeat a bump whose answer it missed.
    private static func check(_ expected: ProducerIdentity, against entry: TransactionEntry) throws(KafkaError) {
        if entry.producer.epoch == -1 { return }
        if expected.producerID == entry.producer.producerID {
            if expected.epoch == entry.producer.epoch || expected.epoch == entry.lastEpoch { return }
        } else if expected.producerID == entry.previousProducerID, expected.epoch == entry.lastEpoch,
            expected.epoch >= TransactionEntry.largestEpochForProducers
        {
            return
        }
        throw KafkaError(.producerFenced)
    }

    private func newProducerID() -> Int64 {
        defer { perform(.producerIDsAssigned(next: nextProducerID + 1)) }
        return nextProducerID
    }

    /// The entry with an epoch that fences its producer.
    private func fencing(_ entry: TransactionEntry) -> TransactionEntry {
        var fenced = entry
        fenced.producer.epoch += 1
        fenced.lastEpoch = -1
        return fenced
    }

    /// Old clients do not know PRODUCER_FENCED.
    private static func fenced(_ error: KafkaError, isOld: Bool) -> KafkaError {
        isOld && error.code == .producerFenced ? KafkaError(.invalidProducerEpoch, error.message) : error
    }

    /// The entry of a request that must come from the id's current producer.
    func entry(of transactionalID: String, _ producer: ProducerIdentity) throws(KafkaError) -> TransactionEntry {
        guard !transactionalID.isEmpty else { throw KafkaError(.invalidRequest) }
        guard let entry = transactions[transactionalID], entry.producer.producerID == producer.producerID else {
            throw KafkaError(.invalidProducerIDMapping)
        }
        guard entry.producer.epoch == producer.epoch else { throw KafkaError(.producerFenced) }
        return entry
    }

    /// Adds partitions to the open transaction, or opens one with them; the outcome of each, in the order given.
    /// - Throws: INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before version 2).
    package func addPartitionsToTransaction(
        _ transactionalID: String, producer: ProducerIdentity, partitions: [TopicPartition],
        requestVersion: Int16 = .max, nowMs: Int64
    ) throws(KafkaError) -> [PartitionOutcome] {
        let unknown = Set(partitions.filter { topics[$0.topic]?.log($0.partition) == nil })
        if !unknown.isEmpty {
            return partitions.map {
                PartitionOutcome(
                    partition: $0, error: unknown.contains($0) ? .unknownTopicOrPartition : .operationNotAttempted)
            }
        }
        var entry: TransactionEntry
        do { entry = try self.entry(of: transactionalID, producer) } catch {
            throw Self.fenced(error, isOld: requestVersion < 2)
        }
        let added = Set(partitions).subtracting(entry.partitions)
        if entry.state != .ongoing || !added.isEmpty {
            open(&entry, nowMs: nowMs)
            entry.partitions = (entry.partitions + added).sorted()
            perform(.transactionChanged(entry))
        }
        return partitions.map { PartitionOutcome(partition: $0, error: .none) }
    }

    /// Adds a group's offsets to the open transaction, or opens one with them.
    /// - Throws: as ``addPartitionsToTransaction(_:producer:partitions:requestVersion:nowMs:)``.
    package func addOffsetsToTransaction(
        _ transactionalID: String, producer: ProducerIdentity, groupID: String, requestVersion: Int16 = .max,
        nowMs: Int64
    ) throws(KafkaError) {
        do throws(KafkaError) {
            var entry = try entry(of: transactionalID, producer)
            if entry.state == .ongoing, entry.groups.contains(groupID) { return }
            open(&entry, nowMs: nowMs)
            entry.groups = (entry.groups + [groupID]).sorted()
            perform(.transactionChanged(entry))
        } catch {
            throw Self.fenced(error, isOld: requestVersion < 2)
        }
    }

    private func open(_ entry: inout TransactionEntry, nowMs: Int64) {
        entry.lastUpdateMs = nowMs
        guard entry.state != .ongoing else { return }
        entry.state = .ongoing
        entry.startMs = nowMs
        setTransactionTimer(entry.transactionalID, at: nowMs.later(byMs: Int64(entry.timeoutMs)))
    }

    /// One timer an id is enough: when it fires too early for a later transaction, the rest is waited for.
    func setTransactionTimer(_ transactionalID: String, at deadlineMs: Int64) {
        if let setMs = transactionTimers[transactionalID], setMs <= deadlineMs { return }
        transactionTimers[transactionalID] = deadlineMs
        timers.add(.transaction(transactionalID: transactionalID), at: deadlineMs)
    }

    /// Commits or aborts the open transaction: markers in all its partitions, and its offsets decided.
    /// - Throws: INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before version 2),
    ///   INVALID_TXN_STATE without a transaction or if it ended the other way, COORDINATOR_NOT_AVAILABLE if the markers
    ///   cannot be written.
    package func endTransaction(
        _ transactionalID: String, producer: ProducerIdentity, commit: Bool, requestVersion: Int16 = .max, nowMs: Int64
    ) throws(KafkaError) {
        do throws(KafkaError) {
            let entry = try entry(of: transactionalID, producer)
            switch entry.state {
            case .ongoing: _ = try end(entry, commit: commit, nowMs: nowMs)
            case .completeCommit where commit: return
            case .completeAbort where !commit: return
            case .empty, .completeCommit, .completeAbort: throw KafkaError(.invalidTxnState)
            }
        } catch {
            throw Self.fenced(error, isOld: requestVersion < 2)
        }
    }

    /// Ends an open transaction under the entry's epoch.
    /// - Throws: COORDINATOR_NOT_AVAILABLE if a marker cannot be written; nothing has changed then.
    private func end(_ entry: TransactionEntry, commit: Bool, nowMs: Int64) throws(KafkaError) -> TransactionEntry {
        let marker = (commit ? ControlRecord.commit : .abort).batch(producer: entry.producer, nowMs: nowMs)
        var written: [(log: PartitionLog, batch: RecordBatch, reference: BatchReference?)] = []
        for partition in entry.partitions {
            // A topic deleted meanwhile needs no marker.
            guard let log = topics[partition.topic]?.log(partition.partition), var batch = try? RecordBatch(marker)
            else { continue }
            batch.place(at: log.nextOffset, leaderEpoch: 0)
            do {
                written.append((log, batch, try log.write(batch)))
            } catch {
                report(error)
                // Kafka's coordinator answers so when a client should retry.
                throw KafkaError(.coordinatorNotAvailable)
            }
        }
        for (log, batch, reference) in written { append(batch, at: reference, of: log, nowMs: nowMs) }
        for groupID in entry.groups {
            perform(
                .offsetsDecided(groupID: groupID, producerID: entry.producer.producerID, isCommit: commit))
        }
        var ended = entry
        ended.state = commit ? .completeCommit : .completeAbort
        ended.lastEpoch = entry.producer.epoch
        ended.partitions = []
        ended.groups = []
        ended.lastUpdateMs = nowMs
        perform(.transactionChanged(ended))
        return ended
    }

    /// The delay before retrying a roll-back whose markers could not be written.
    private static let transactionRetryMs: Int64 = 1_000

    /// Rolls back a transaction past its timeout and fences its producer.
    func transactionTimerFired(_ transactionalID: String, deadlineMs: Int64, nowMs: Int64) {
        if transactionTimers[transactionalID] == deadlineMs { transactionTimers[transactionalID] = nil }
        guard let entry = transactions[transactionalID], let dueMs = entry.deadlineMs else { return }
        guard dueMs <= nowMs else { return setTransactionTimer(transactionalID, at: dueMs) }
        do {
            _ = try end(fencing(entry), commit: false, nowMs: nowMs)
        } catch {
            setTransactionTimer(transactionalID, at: nowMs.later(byMs: Self.transactionRetryMs))
        }
    }

    func expireTransactionalIDs(nowMs: Int64) {
        let limitMs = nowMs.earlier(byMs: configuration.transactionalIDExpirationMs)
        for (transactionalID, entry) in transactions.sorted(by: { $0.key < $1.key })
        where entry.state != .ongoing && entry.lastUpdateMs <= limitMs {
            perform(.transactionForgotten(transactionalID: transactionalID))
        }
    }

    /// Refuses a transactional batch for a partition that is not part of its producer's open transaction (KIP-890,
    /// first part).
    func verifyTransaction(_ header: RecordBatchHeader, in log: PartitionLog, transactionalID: String?)
        throws(KafkaError)
    {
        guard header.attributes.isTransactional, !log.hasOpenTransaction(of: header.producer) else { return }
        guard let transactionalID, let entry = transactions[transactionalID],
            entry.producer.producerID == header.producer.producerID
        else { throw KafkaError(.invalidProducerIDMapping) }
        guard entry.producer.epoch == header.producer.epoch else { throw KafkaError(.invalidProducerEpoch) }
        guard entry.state == .ongoing, entry.partitions.contains(log.partition) else {
            throw KafkaError(.invalidTxnState)
        }
    }

    /// A transactional id's state.
    /// - Throws: INVALID_REQUEST for an empty id, TRANSACTIONAL_ID_NOT_FOUND.
    package func describeTransaction(_ transactionalID: String) throws(KafkaError) -> TransactionDescription {
        guard !transactionalID.isEmpty else { throw KafkaError(.invalidRequest) }
        guard let entry = transactions[transactionalID] else {
            throw KafkaError(.transactionalIDNotFound, "Transactional id \(transactionalID) could not be found.")
        }
        return entry.description
    }

    /// The transactional ids that the filter takes, in order.
    package func listTransactions(
        _ filter: TransactionFilter = TransactionFilter(), nowMs: Int64 = 0
    ) -> [TransactionDescription] {
        transactions.values.map(\.description).filter { filter.includes($0, nowMs: nowMs) }
            .sorted { $0.transactionalID < $1.transactionalID }
    }
}
