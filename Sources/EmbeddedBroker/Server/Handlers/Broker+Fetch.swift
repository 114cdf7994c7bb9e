import ClusterCore

extension Broker {
    /// Kafka's `fetch.max.bytes` of the broker: what one answer holds at most, whatever the client asks for.
    private static let mostFetchedBytes = 57_671_680

    func fetch(_ request: Fetch.Request, _ call: Call) {
        // Sessions are not kept: every answer says so with session 0, so that a client that follows lists all its
        // partitions each time.
        guard request.sessionID == 0 else {
            return call.answer(request.failed(KafkaError(.fetchSessionIDNotFound), version: call.version))
        }
        guard request.sessionEpoch <= 0 else {
            return call.answer(request.failed(KafkaError(.invalidFetchSessionEpoch), version: call.version))
        }
        var partitions: [TopicPartition] = []
        for topic in request.topics {
            guard let name = name(of: topic, call.version) else { continue }
            partitions += topic.partitions.map { TopicPartition(name, $0.index) }
        }
        let deadlineMs = nowMs + Int64(max(request.maxWaitMs, 0))
        answerOrWait(LongPoll(call, request, partitions: partitions, deadlineMs: deadlineMs))
    }

    /// Answers if there is as much as the client wants, or its time is over, or a partition has an error to tell.
    func answerOrWait(_ poll: LongPoll) {
        let found = read(poll.request, poll.call.version)
        // More than fits in an answer is not waited for.
        let wanted = min(Int(poll.request.minBytes), Int(poll.request.maxBytes), Self.mostFetchedBytes)
        if found.sizeInBytes >= wanted || found.hasError || poll.deadlineMs <= nowMs {
            send(found, poll)
        } else {
            wait(poll)
        }
    }

    /// Answers with what there is.
    func answerNow(_ poll: LongPoll) {
        send(read(poll.request, poll.call.version), poll)
    }

    private struct Found {
        var response = Fetch.Response()
        var sizeInBytes = 0
        var partitionCount = 0
        var hasError = false
    }

    private func send(_ found: Found, _ poll: LongPoll) {
        settle()
        poll.call.answer(found.response, sizeInBytes: found.sizeInBytes + 64 * found.partitionCount + 256)
    }

    private func read(_ request: Fetch.Request, _ version: Int16) -> Found {
        var found = Found()
        // Should there be nothing to read at all, there is nothing to wait for either.
        found.hasError = request.topics.isEmpty
        found.response.topics = request.topics.map { topic in
            var answer = Fetch.Response.Topic()
            answer.name = topic.name
            answer.topicID = topic.topicID
            let name = name(of: topic, version)
            answer.partitions = topic.partitions.map { read($0, topic: name, request, &found) }
            return answer
        }
        return found
    }

    private func read(
        _ partition: Fetch.Request.Partition, topic: String?, _ request: Fetch.Request, _ found: inout Found
    ) -> Fetch.Response.Partition {
        found.partitionCount += 1
        var answer = Fetch.Response.Partition()
        answer.index = partition.index
        // Some clients take null for a missing partition.
        answer.records = WireRecords()
        do throws(KafkaError) {
            guard let topic else { throw KafkaError(.unknownTopicID) }
            let room = max(0, min(Int(request.maxBytes), Self.mostFetchedBytes) - found.sizeInBytes)
            let read = try cluster.fetch(
                TopicPartition(topic, partition.index), from: partition.fetchOffset,
                maxBytes: min(max(0, Int(partition.maxBytes)), room),
                isolation: IsolationLevel(rawValue: request.isolationLevel) ?? .readUncommitted,
                // The response's first batch comes whole however large, or its reader would be stuck (KIP-74).
                atLeastOneBatch: found.sizeInBytes == 0, currentLeaderEpoch: partition.currentLeaderEpoch)
            answer.highWatermark = read.highWatermark
            answer.lastStableOffset = read.lastStableOffset
            answer.logStartOffset = read.logStartOffset
            if request.isolationLevel == IsolationLevel.readCommitted.rawValue {
                answer.abortedTransactions = read.abortedTransactions.map {
                    Fetch.Response.AbortedTransaction(producerID: $0.producerID, firstOffset: $0.firstOffset)
                }
            }
            answer.records = WireRecords(read.batches.map(\.bytes))
            found.sizeInBytes += read.sizeInBytes
        } catch {
            answer.error = error.code
            found.hasError = true
        }
        return answer
    }

    private func name(of topic: Fetch.Request.Topic, _ version: Int16) -> String? {
        version >= 13 ? cluster.topicName(id: topic.topicID) : topic.name
    }
}
