import MillraceVectors

/// The promises about a source that fails.
extension CacheModel {
    /// Takes the source away for a second in which keys are asked for, and counts what it gets.
    mutating func checkOutage() {
        let before = loadCount
        for _ in 0..<200 where problems.isEmpty {
            get()
            pass(5) { _ in .failure(SourceFailure()) }
        }
        // Some in a row, and then one after each pause, of at least 40 ms in the end.
        if loadCount - before > 45 {
            problems.append("\(loadCount - before) loads in a second from a source that is away")
        }
    }

    /// Makes the source answer again, but for a bad key, and asks for every key together with that one.
    mutating func checkRecovery() {
        // The loads of the outage end.
        for _ in 0..<60 { pass(5) { _ in .failure(SourceFailure()) } }
        for number in 0..<Self.keyCount {
            for name in Self.names where problems.isEmpty {
                let key = key(number, in: name)
                guard key != badKey else { continue }
                ask(for: key)
            }
        }
    }

    private mutating func ask(for key: EmbeddingKey) {
        let (waiter, other) = (newWaiter(of: key), newWaiter(of: badKey))
        let deadline = nowMs + 500
        perform(core.request([badKey], waiter: other, deadlineMs: deadline, nowMs: nowMs))
        perform(core.request([key], waiter: waiter, deadlineMs: deadline, nowMs: nowMs))
        while waiters[waiter] != nil, nowMs < deadline - 10 {
            let (bad, answers) = (badKey, found)
            pass(5) { keys in keys.contains(bad) ? .failure(SourceFailure()) : .success(answers(keys)) }
        }
        if waiters[waiter] != nil { problems.append("\(key) is not loaded in half a second, because of \(badKey)") }
        if waiters[other] == nil { problems.append("\(badKey) has an answer") }
        pass(deadline - nowMs) { _ in .failure(SourceFailure()) }
        if waiters[other] != nil { problems.append("the caller of \(badKey) waits longer than it wanted to") }
    }

    /// Lets some time pass, in which the source answers all loads.
    private mutating func pass(
        _ ms: Int64, _ answer: ([EmbeddingKey]) -> Result<[EmbeddingKey: Embedding], any Error>
    ) {
        nowMs += ms
        let batches = loads.count
        for _ in 0..<batches {
            guard let load = takeLoad() else { break }
            perform(core.finished(batch: load.batch, answer(load.keys), nowMs: nowMs))
        }
        perform(core.expire(nowMs: nowMs))
    }
}
