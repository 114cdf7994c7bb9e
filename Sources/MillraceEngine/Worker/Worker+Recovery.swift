import Logging
package import Millrace

extension Worker {
    /// Decides what an error of the broker or its client means for this worker.
    ///
    /// What was not committed is given up, unless nothing of it is torn; what differs is how the worker goes on.
    func recover(from error: PortError) throws {
        noteFailure()
        changelogs.raiseDoubt()
        // Offsets of a topic that is gone cannot be committed, and clients try for long.
        let isOfCommit = committer.hasPendingCommit
        if isOfCommit { topics.raiseDoubt() }
        switch error.kind {
        case .retriable:
            report.note(trouble: error.message)
            logger.warning("trying again: \(error)")
        case .abortable:
            report.note(trouble: error.message)
            logger.warning("giving up what is not committed and processing it again: \(error)")
            try handle(.processingFailed)
        case .staleGeneration:
            logger.warning("this member's generation is over; joining again: \(error)")
            try handle(.fenced)
        case .producerLost:
            // Only a member of the group may have a producer, or two instances would take it from each other for ever.
            logger.warning("the producer is lost; joining again with a new one: \(error)")
            committer.dropProducer()
            try handle(.fenced)
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

    /// The broker has refused a record after it was sent, when nothing says any more which source record it came from.
    ///
    /// A transaction cannot be committed without it, and processing its records again would end the same way. Nor may a change
    /// of a store be missing in its changelog.
    private func productionFailed(_ error: PortError) throws {
        if let refused = error.refused, let store = changelogs.store(of: refused.topic) {
            if error.isTopicMissing {
                // Whether it was deleted shows when it is looked for.
                logger.warning("giving up what is not committed and processing it again: \(error)")
                return try handle(.processingFailed)
            }
            throw StreamsError(refusing: refused, of: store, because: error, record: nil, task: nil)
        }
        let failure = StreamsError(.production, "the broker refused a result: \(error)")
        guard configuration.guarantee == .atLeastOnce,
            configuration.handlers.production(ErrorContext(error: failure, key: nil, value: nil)) == .continue
        else { throw failure }
        let count = error.refused?.count ?? 1
        report.noteDroppedResults(count)
        logger.warning("dropped \(count == 1 ? "a result" : "\(count) results"): \(failure)")
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
