import ClusterCore
import Logging
import NIOCore
import NIOPosix

extension Broker {
    /// The broker's `fetch.max.bytes` as in Kafka: the largest answer, whatever the client asks for.
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
        let deadlineMs = nowMs.later(byMs: Int64(max(request.maxWaitMs, 0)))
        answerOrWait(LongPoll(call, request, partitions: partitions, deadlineMs: deadlineMs))
    }

    /// Answers if there is as much as the client wants, or its time is over, or a partition has an error.
    func answerOrWait(_ poll: LongPoll) {
        read(FetchReading(poll, entries: entries(of: poll), mayWait: true))
    }

    /// Answers with what there is.
    func answerNow(_ poll: LongPoll) {
        read(FetchReading(poll, entries: entries(of: poll), mayWait: false))
    }

    private func entries(of poll: LongPoll) -> [FetchReading.Entry] {
        poll.request.topics.enumerated().flatMap { index, topic in
            let name = name(of: topic, poll.call.version)
            return topic.partitions.map { FetchReading.Entry(topicIndex: index, topic: name, request: $0) }
        }
    }

    /// Reads partition by partition. Batches that are not in memory are read on another thread; meanwhile the loop does other
    /// things.
    private func read(_ reading: FetchReading) {
        while let entry = reading.next {
            do throws(KafkaError) {
                guard let topic = entry.topic else { throw KafkaError(.unknownTopicID) }
                let request = reading.poll.request
                let room = max(0, min(Int(request.maxBytes), Self.mostFetchedBytes) - reading.sizeInBytes)
                let answer = try cluster.fetch(
                    TopicPartition(topic, entry.request.index), from: entry.request.fetchOffset,
                    maxBytes: min(max(0, Int(entry.request.maxBytes)), room),
                    isolation: IsolationLevel(rawValue: request.isolationLevel) ?? .readUncommitted,
                    // The response's first batch comes whole, however large it is, or its reader would be stuck (KIP-74).
                    atLeastOneBatch: reading.sizeInBytes == 0,
                    currentLeaderEpoch: entry.request.currentLeaderEpoch)
                guard answer.stored == nil else { return load(answer, reading) }
                reading.add(answer)
            } catch {
                reading.add(error)
            }
        }
        finish(reading)
    }

    private func load(_ answer: FetchAnswer, _ reading: FetchReading) {
        if reading.versions == nil { reading.versions = reading.poll.partitions.map(cluster.version) }
        let loading = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try answer.loaded() }
        loading.assumeIsolated().whenComplete { result in
            guard !self.hasStopped, reading.poll.call.connection.isOpen else { return }
            switch result {
            case .success(let loaded): reading.add(loaded)
            case .failure(let error):
                // The batches may have been removed meanwhile: then a second look says what is there now.
                if reading.isSecondLook {
                    self.logger.error("\(error)")
                    reading.add(KafkaError(.kafkaStorageError))
                } else {
                    reading.isSecondLook = true
                }
            }
            self.read(reading)
        }
    }

    private func finish(_ reading: FetchReading) {
        let poll = reading.poll
        let mayWait = reading.mayWait && !reading.hasError && poll.deadlineMs > nowMs
        // More than fits in an answer is not waited for.
        let wanted = min(Int(poll.request.minBytes), Int(poll.request.maxBytes), Self.mostFetchedBytes)
        guard mayWait && reading.sizeInBytes < wanted else {
            settle()
            let capacity = reading.sizeInBytes + 64 * reading.entries.count + 256
            return poll.call.answer(reading.response, sizeInBytes: capacity)
        }
        if let versions = reading.versions, versions != poll.partitions.map(cluster.version) {
            // Records arrived while the loop did other things, and there will be no other notice of them.
            answerOrWait(poll)
        } else {
            wait(poll)
        }
    }

    private func name(of topic: Fetch.Request.Topic, _ version: Int16) -> String? {
        version >= 13 ? cluster.topicName(id: topic.topicID) : topic.name
    }
}
