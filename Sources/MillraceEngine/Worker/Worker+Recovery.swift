import Logging
import Millrace

extension Worker {
    /// Decides what an error of the broker or its client means for this worker.
    ///
    /// Everything that was not committed is given up in every case; what differs is how the worker goes on.
    func recover(from error: PortError) throws {
        switch error.kind {
        case .retriable:
            status.trouble = error.message
            retry.failed(at: ports.clock.monotonicMs())
            logger.warning("trying again: \(error)")
            if isInTransaction || runningTasks.contains(where: \.hasProgress) { try startOver() }
        case .abortable:
            logger.warning("the transaction has to be aborted; its records are processed again: \(error)")
            try startOver()
        case .staleGeneration:
            logger.warning("this member's generation is over; joining again: \(error)")
            try rejoin()
        case .producerLost:
            // Only a member of the group may have a producer, or two instances would take it from each other for ever.
            logger.warning("the producer is lost; joining again with a new one: \(error)")
            dropProducer()
            try rejoin()
        case .fenced:
            throw StreamsError(.fenced, "another instance has taken this one's place: \(error)", underlying: error)
        case .rejected, .fatal:
            throw StreamsError(.broker, error.message, underlying: error)
        }
    }

    private func rejoin() throws {
        closeTasksUncommitted()
        group.phase = .out
        try ports.consumer.assign([])
        try ports.consumer.subscribe(to: plan.subscription)
    }

    /// Gives up what is not committed and takes the same tasks on again from their last commit.
    private func startOver() throws {
        let partitions = slots.map(\.partition)
        closeTasksUncommitted()
        try ports.consumer.assign([])
        beginGeneration(partitions)
    }
}

/// How long to leave a broker alone that does not answer: 50 ms, doubled with each failure, 2 s at most.
struct Backoff {
    private var delayMs: Int64 = 0
    private var untilMs: Int64 = .min

    func isWaiting(at nowMs: Int64) -> Bool { nowMs < untilMs }

    mutating func failed(at nowMs: Int64) {
        delayMs = min(2_000, max(50, delayMs * 2))
        untilMs = nowMs + delayMs
    }

    mutating func succeeded() {
        delayMs = 0
        untilMs = .min
    }
}
