import Millrace
import Synchronization

/// The failures of a source.
extension CacheCore {
    /// The loads that may fail before a key is given up for which nobody waits.
    private static let maxUnaskedFailures = 8

    /// Takes the failure of a load. Its keys are loaded again: those of a load of several at once and in smaller loads, so that a bad one
    /// fails alone; a key that has failed alone, later.
    func failed(
        _ batch: LoadTable.Batch, _ number: Int, _ cause: any Error, nowMs: Int64, _ state: inout State
    ) -> [Action] {
        let wasAlone = batch.keys.count == 1
        state.figures.failedLoads += 1
        state.sourceError = cause
        state.health.failed(
            batch: number, started: state.table.lastBatch,
            isNews: !wasAlone || batch.keys.contains { state.table.flights[$0]?.failuresAlone == 0 },
            nowMs: nowMs, &state.random)
        var actions: [Action] = []
        for key in batch.keys {
            guard var flight = state.table.flights[key], flight.state == .running(batch: number) else { continue }
            let error = Self.error(of: key, cause, isCancelled: batch.isCancelled)
            flight.error = error
            flight.failures += 1
            // Whatever the next load brings is newer than the announcements until now.
            flight.isOutdated = false
            if rules.splitsLoads { flight.maxBatchCount = max(1, batch.keys.count / 2) }
            if wasAlone { flight.failuresAlone += 1 }
            guard isWorthAnotherLoad(flight, nowMs: nowMs, state) else {
                state.figures.failedKeys += 1
                giveUp(key, flight, &state)
                actions += flight.waiters.map { .answer(waiter: $0.number, key: key, .failure(error)) }
                continue
            }
            if wasAlone {
                let delay = retries.delayMs(attempt: flight.failuresAlone, &state.random)
                state.table.delay(key, flight, untilMs: (Moment(ms: nowMs) + TimeSpan(ms: delay)).ms)
            } else {
                state.table.enqueue(key, flight, forMiss: !flight.waiters.isEmpty)
            }
        }
        return actions
    }

    private func isWorthAnotherLoad(_ flight: LoadTable.Flight, nowMs: Int64, _ state: State) -> Bool {
        if flight.waiters.contains(where: { $0.deadlineMs > nowMs }) { return true }
        return (flight.isRefresh || !flight.isWanted) && flight.failures < Self.maxUnaskedFailures
            && state.table.waitingAnnouncements + state.table.delayedCount < configuration.maxWaitingAnnouncements
    }

    private static func error(of key: EmbeddingKey, _ cause: any Error, isCancelled: Bool) -> EmbeddingCacheError {
        if let error = cause as? EmbeddingCacheError { return error }
        return isCancelled
            ? EmbeddingCacheError(.timedOut, "the source has not answered in time", key: key, cause: cause)
            : EmbeddingCacheError(.sourceFailed, "the source failed: \(cause)", key: key, cause: cause)
    }
}
