import Logging
package import Millrace

extension Worker {
    /// Decides what an error of the broker or its client means for this worker.
    ///
    /// What was not committed is given up, unless nothing of it is torn; what differs is how the worker goes on.
    func recover(from error: PortError) throws {
        retry.failed(at: ports.clock.monotonic)
        doubtChangelogs()
        // Offsets of a topic that is gone cannot be committed, and clients try for long.
        let isOfCommit = pendingCommit != nil
        if isOfCommit { group.mayMissTopics = true }
        switch error.kind {
        case .retriable:
            status.trouble = error.message
            logger.warning("trying again: \(error)")
        case .abortable:
            status.trouble = error.message
            logger.warning("giving up what is not committed and processing it again: \(error)")
            startOver()
        case .staleGeneration:
            logger.warning("this member's generation is over; joining again: \(error)")
            rejoin()
        case .producerLost:
            // Only a member of the group may have a producer, or two instances would take it from each other for ever.
            logger.warning("the producer is lost; joining again with a new one: \(error)")
            dropProducer()
            rejoin()
        case .rejected:
            if isOfCommit, error.refused == nil, try haveTopicsChanged() { return }
            try productionFailed(error)
        case .fenced, .fatal: throw error.asStreamsError
        }
    }

    /// Looks whether a commit was refused because of its topics. Where the broker does not answer, it is tried again.
    private func haveTopicsChanged() throws -> Bool {
        do {
            return try lookForTopics()
        } catch let error as PortError {
            logger.debug("could not look for topics: \(error)")
            return error.kind == .retriable
        }
    }

    private func rejoin() {
        closeTasksUncommitted()
        group.phase = .out
        stopReading()
        isRegistered = false
    }

    /// Gives up what is not committed and takes the same tasks on again from their last commit.
    func startOver() {
        let partitions = tasks.slots.map(\.partition)
        closeTasksUncommitted()
        stopReading()
        beginGeneration(partitions)
    }

    /// Should this fail, the records that still arrive find no task.
    func stopReading() {
        do { try ports.consumer.assign([]) } catch { logger.debug("while giving partitions up: \(error)") }
    }

    /// The broker has refused a record after it was sent, when nothing says any more which source record it came from.
    ///
    /// A transaction cannot be committed without it, and processing its records again would end the same way. Nor may a change
    /// of a store be missing in its changelog.
    private func productionFailed(_ error: PortError) throws {
        if let refused = error.refused, let store = store(ofChangelog: refused.topic) {
            if error.isTopicMissing {
                // Whether it was deleted shows when it is looked for.
                logger.warning("giving up what is not committed and processing it again: \(error)")
                return startOver()
            }
            throw StreamsError(refusing: refused, of: store, because: error, record: nil, task: nil)
        }
        let failure = StreamsError(.production, "the broker refused a result: \(error)")
        guard configuration.guarantee == .atLeastOnce,
            configuration.handlers.production(ErrorContext(error: failure, key: nil, value: nil)) == .continue
        else { throw failure }
        let count = error.refused?.count ?? 1
        status.counts.dropped[.production, default: 0] += count
        logger.warning("dropped \(count == 1 ? "a result" : "\(count) results"): \(failure)")
    }

    /// Has processing that an error leaves halfway done again, or failed: it cannot be gone on with.
    func untorn<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as PortError {
            switch error.kind {
            case .retriable: throw PortError(.abortable, error.message)
            case .rejected: throw PortError(.fatal, error.message)
            case .abortable, .staleGeneration, .producerLost, .fenced, .fatal: throw error
            }
        }
    }

    /// Takes back a trouble that the consumer told of, once the broker answers again although there is nothing to read.
    func clearTroubleIfOver() {
        guard status.trouble != nil, group.awaitedTopics.isEmpty, !retry.hasFailed,
            troubleChecks.takeTurn(at: ports.clock.monotonic)
        else { return }
        if ports.consumer.isAnswered() { status.trouble = nil }
    }
}

extension PortError {
    /// Whether all it means at the end is that somebody else does the work again.
    var isHarmlessAtTheEnd: Bool { [.retriable, .abortable, .staleGeneration, .producerLost].contains(kind) }

    /// The error as the application's user sees it.
    package var asStreamsError: StreamsError {
        kind == .fenced
            ? StreamsError(.fenced, "another instance has taken this one's place: \(message)", underlying: nil)
            : StreamsError(.broker, message)
    }
}

/// How long to leave a broker alone that does not answer: 50 ms, doubled with each failure, 2 s at most.
struct Backoff {
    private var delay = TimeSpan.zero
    private var until = Moment.distantPast

    /// Whether the last attempt failed.
    var hasFailed: Bool { delay > .zero }

    func isWaiting(at now: Moment) -> Bool { now < until }

    mutating func failed(at now: Moment) {
        delay = min(TimeSpan(ms: 2_000), max(TimeSpan(ms: 50), delay * 2))
        until = now + delay
    }

    mutating func succeeded() {
        delay = .zero
        until = .distantPast
    }
}
