import Logging
package import Millrace

extension Worker {
    /// Decides the worker's reaction to an error of the broker or its client.
    ///
    /// Everything uncommitted is aborted, unless none of it is half done; the ways to continue differ.
    func recover(from error: PortError) throws {
        recordFailure()
        changelogs.raiseDoubt()
        // Offsets of a deleted topic cannot be committed, and clients retry for long.
        let isOfCommit = committer.hasPendingCommit
        if isOfCommit { topics.raiseDoubt() }
        switch error.kind {
        case .retriable:
            report.record(trouble: error.message)
            logger.warning("retrying: \(error)")
        case .abortable:
            report.record(trouble: error.message)
            logger.warning("aborting uncommitted work and processing it again: \(error)")
            try handle(.processingFailed)
        case .staleGeneration:
            logger.warning("this member's generation has ended; rejoining the group: \(error)")
            try handle(.fenced)
        case .producerLost:
            // Only a member of the group may have a producer, or two instances would fence each other's producers forever.
            logger.warning("the producer is lost; rejoining the group with a new one: \(error)")
            committer.dropProducer()
            try handle(.fenced)
        case .rejected:
            if isOfCommit, error.refused == nil, try haveTopicsChanged() { return }
            try productionFailed(error)
        case .fenced, .fatal: throw error.asStreamsError
        }
    }

    /// Checks whether a commit was refused because of its topics. If the broker does not answer, the commit is retried.
    private func haveTopicsChanged() throws -> Bool {
        do {
            return try lookForTopics()
        } catch let error as PortError {
            logger.debug("could not look for topics: \(error)")
            return error.kind == .retriable
        }
    }

    /// Handles a record that the broker has refused after it was sent, when the source record that it came from is not known any
    /// more.
    ///
    /// A transaction cannot be committed without that record, and processing its records again would end the same way. A change of
    /// a store must not be missing in its changelog either.
    private func productionFailed(_ error: PortError) throws {
        if let refused = error.refused, let store = changelogs.store(of: refused.topic) {
            if error.isTopicMissing {
                // A look at the topics shows whether the topic was deleted.
                logger.warning("aborting uncommitted work and processing it again: \(error)")
                return try handle(.processingFailed)
            }
            throw StreamsError(refusing: refused, of: store, because: error, record: nil, task: nil)
        }
        let failure = StreamsError(.production, "the broker refused a result: \(error)")
        guard configuration.guarantee == .atLeastOnce,
            configuration.handlers.production(ErrorContext(error: failure, key: nil, value: nil)) == .continue
        else { throw failure }
        let count = error.refused?.count ?? 1
        report.recordDroppedResults(count)
        logger.warning("dropped \(count == 1 ? "a result" : "\(count) results"): \(failure)")
    }
}

extension PortError {
    /// Whether the error is harmless while the worker closes: another worker only processes the records again.
    var isHarmlessAtTheEnd: Bool { [.retriable, .abortable, .staleGeneration, .producerLost].contains(kind) }

    /// The error that the application's user sees.
    package var asStreamsError: StreamsError {
        kind == .fenced
            ? StreamsError(.fenced, "another instance has replaced this one: \(message)", underlying: nil)
            : StreamsError(.broker, message)
    }
}

/// The wait before the next request to a broker that does not answer: 50 ms, doubled with each failure, 2 s at most.
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
