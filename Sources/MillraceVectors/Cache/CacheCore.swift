import Millrace
import Synchronization

/// The decisions of a cache, without tasks, clock or source: what happened goes in, what is to be done comes out.
///
/// ```
///   request, finished, received, expire, cancel  ──►  CacheCore  ──►  load, cancel, answer, publish
/// ```
///
/// All that concerns loads happens under one lock, in which the contents are looked at again: between the end of a load and the
/// storing of what it brought, nobody can begin another one. Hits take only the lock of their shard.
package final class CacheCore: Sendable {
    /// What a cache is to do.
    package enum Action: Sendable {
        /// Ask the source for keys. The versions are those of which the cache has heard.
        case load(batch: Int, keys: [EmbeddingKey], versions: [EmbeddingKey: Int64])
        /// Cancel a load, for whose answer nobody waits any more.
        case cancel(batch: Int)
        /// Answer a caller who waits for a key.
        case answer(waiter: UInt64, key: EmbeddingKey, Result<Embedding?, EmbeddingCacheError>)
        /// Tell the other caches.
        case publish([EmbeddingAnnouncement])
    }

    struct State {
        var table: LoadTable
        var health: SourceHealth
        var random: XorShift
        /// The last error of the source.
        var sourceError: (any Error)?
        var figures = EmbeddingCacheMeasures()
        var isClosed = false
    }

    package let configuration: EmbeddingCacheConfiguration
    let contents: CacheContents
    let rules: CacheRules
    let retries: RetryDelays
    let state: Mutex<State>

    /// Makes the core of an empty cache.
    ///
    /// - Parameters:
    ///   - configuration: The bounds, which have been checked.
    ///   - sourceBatchCount: The most keys that the source loads at once.
    ///   - seed: The randomness of the eviction.
    ///   - shardCount: The number of shards, a power of two; `nil` for one that fits the capacity.
    ///   - rules: The rules; tests break one.
    ///   - indexing: The threads that make indexes for searches.
    package init(
        _ configuration: EmbeddingCacheConfiguration, sourceBatchCount: Int, seed: UInt64, shardCount: Int? = nil,
        rules: CacheRules = CacheRules(), indexing: any BuildExecutor = BuildThreads.shared
    ) {
        self.configuration = configuration
        self.rules = rules
        contents = CacheContents(
            configuration, rules: rules, seed: seed, shardCount: shardCount, indexing: indexing)
        let maxBatchCount = max(1, min(sourceBatchCount, configuration.maxBatchCount))
        retries = RetryDelays(
            firstMs: TimeSpan(configuration.retryDelay).ms, longestMs: TimeSpan(configuration.maxRetryDelay).ms)
        state = Mutex(
            State(
                table: LoadTable(
                    maxConcurrent: configuration.maxConcurrentLoads, maxBatchCount: maxBatchCount,
                    maxOwedVersions: configuration.maxOwedVersions),
                health: SourceHealth(retries, pauses: rules.pausesLoads), random: XorShift(seed: seed)))
    }

    // MARK: Reading

    /// Reads a key from memory, which counts as a hit or a miss.
    package func lookup(_ key: EmbeddingKey, nowMs: Int64) -> CacheLookup { contents.read(key, nowMs: nowMs) }

    /// Looks into memory without counting.
    package func peek(_ key: EmbeddingKey, nowMs: Int64) -> CacheLookup { contents.peek(key, nowMs: nowMs) }

    // MARK: Loading

    /// Asks for keys that are not in memory.
    ///
    /// - Parameters:
    ///   - keys: The keys, each once.
    ///   - waiter: The number of the caller, who gets an answer for each key.
    ///   - deadlineMs: When the caller stops waiting.
    ///   - nowMs: The time.
    package func request(_ keys: [EmbeddingKey], waiter: UInt64, deadlineMs: Int64, nowMs: Int64) -> [Action] {
        state.withLock { state in
            var actions: [Action] = []
            for key in keys {
                if let answer = answer(key, waiter, deadlineMs: deadlineMs, nowMs: nowMs, &state) {
                    actions.append(.answer(waiter: waiter, key: key, answer))
                }
            }
            return actions + startLoads(nowMs: nowMs, &state)
        }
    }

    /// Returns the answer if there is one at once; otherwise the caller waits.
    private func answer(
        _ key: EmbeddingKey, _ waiter: UInt64, deadlineMs: Int64, nowMs: Int64, _ state: inout State
    ) -> Result<Embedding?, EmbeddingCacheError>? {
        if state.isClosed { return .failure(EmbeddingCacheError(.closed, "the cache has ended", key: key)) }
        switch contents.peek(key, nowMs: nowMs) {
        case .found(let embedding): return .success(embedding)
        case .absent: return .success(nil)
        case .missing: break
        }
        var flight = rules.joinsLoads ? state.table.flights[key] : nil
        let isInNeedOfPlace = flight.map { $0.state == .waitingForAnnouncement } ?? true
        if isInNeedOfPlace, state.table.waitingKeys >= configuration.maxWaitingKeys {
            return .failure(
                EmbeddingCacheError(
                    .tooManyWaiting, "\(state.table.waitingKeys) keys wait to be loaded already", key: key,
                    cause: state.health.isAway ? state.sourceError : nil))
        }
        if isInNeedOfPlace, flight != nil { state.table.dequeue(key) }
        flight?.isWanted = true
        flight?.waiters.append(.init(number: waiter, deadlineMs: deadlineMs))
        if let flight, !isInNeedOfPlace {
            state.table.flights[key] = flight
        } else {
            var new = flight ?? state.table.newFlight(of: key)
            if flight == nil {
                new.isWanted = true
                // Only a broken rule finds a flight here that it does not join.
                new.waiters =
                    (state.table.flights[key]?.waiters ?? []) + [.init(number: waiter, deadlineMs: deadlineMs)]
            }
            state.table.enqueue(key, new, forMiss: true)
        }
        return nil
    }

    /// Records that a caller does not wait any more.
    package func cancel(waiter: UInt64, keys: [EmbeddingKey]) {
        state.withLock { state in
            for key in keys {
                state.table.flights[key]?.waiters.removeAll { $0.number == waiter }
                drop(key, &state)
            }
        }
    }

    /// Forgets a key that waits for its load if nobody needs it any more. A load that runs goes on.
    private func drop(_ key: EmbeddingKey, _ state: inout State) {
        guard let flight = state.table.flights[key], flight.waiters.isEmpty, flight.isWanted, !flight.isRefresh,
            flight.state == .waitingForMiss || flight.state == .delayed
        else { return }
        if flight.error != nil { state.figures.failedKeys += 1 }
        state.table.dequeue(key)
        remember(key, flight, &state)
    }

    /// Keeps what was announced and has not come, so that the next load of the key does not take less for the newest.
    func remember(_ key: EmbeddingKey, _ flight: LoadTable.Flight, _ state: inout State) {
        guard rules.remembersVersions else { return }
        if state.table.remember(key, flight) { state.figures.forgottenAnnouncements += 1 }
    }

    /// The moment at which callers stop waiting, a load has taken too long or may begin; `nil` if nothing is to be loaded.
    package var nextDeadlineMs: Int64? {
        state.withLock { state in
            let waiters = state.table.flights.values.flatMap(\.waiters).map(\.deadlineMs)
            let batches = state.table.batches.values.filter { !$0.isCancelled }.map { deadline(of: $0) }
            let start = state.table.nextStartMs(nextLoadMs: state.health.nextLoadMs)
            return (waiters + batches + [start].compactMap(\.self)).min()
        }
    }

    /// Whether keys are being loaded or wait for it, so that there may be deadlines.
    package var hasFlights: Bool { state.withLock { !$0.table.flights.isEmpty || !$0.table.batches.isEmpty } }

    private func deadline(of batch: LoadTable.Batch) -> Int64 {
        (Moment(ms: batch.startedMs) + TimeSpan(configuration.loadTimeout)).ms
    }

    /// Ends the waiting of those whose time is over, cancels loads that take too long, and begins those that are due. The places of cancelled
    /// ones stay taken until they return.
    package func expire(nowMs: Int64) -> [Action] {
        state.withLock { state in
            var actions: [Action] = []
            let flights = state.table.flights.filter { $0.value.waiters.contains { $0.deadlineMs <= nowMs } }
            for (key, flight) in flights.sorted(by: { $0.value.ticket < $1.value.ticket }) {
                for waiter in flight.waiters where waiter.deadlineMs <= nowMs {
                    let error =
                        flight.error
                        ?? EmbeddingCacheError(.timedOut, "the source has not answered in time", key: key)
                    actions.append(.answer(waiter: waiter.number, key: key, .failure(error)))
                }
                state.table.flights[key]?.waiters.removeAll { $0.deadlineMs <= nowMs }
                drop(key, &state)
            }
            for (number, batch) in state.table.batches.sorted(by: { $0.key < $1.key })
            where !batch.isCancelled && deadline(of: batch) <= nowMs {
                state.table.cancelBatch(number)
                actions.append(.cancel(batch: number))
            }
            return actions + startLoads(nowMs: nowMs, &state)
        }
    }

    /// Begins as many loads as may run.
    func startLoads(nowMs: Int64, _ state: inout State) -> [Action] {
        if state.isClosed { return [] }
        var actions: [Action] = []
        while let (number, keys) = state.table.startBatch(nowMs: nowMs, nextLoadMs: state.health.nextLoadMs) {
            actions.append(.load(batch: number, keys: keys, versions: state.table.knownVersions(of: keys)))
        }
        return actions
    }

    // MARK: The end

    /// Ends all waiting and cancels all loads. What is in memory can still be read.
    package func close() -> [Action] {
        state.withLock { state in
            state.isClosed = true
            var actions: [Action] = state.table.batches.keys.sorted().map { .cancel(batch: $0) }
            for (key, flight) in state.table.removeAll().sorted(by: { $0.value.ticket < $1.value.ticket }) {
                for waiter in flight.waiters {
                    let error = EmbeddingCacheError(.closed, "the cache has ended", key: key)
                    actions.append(.answer(waiter: waiter.number, key: key, .failure(error)))
                }
            }
            return actions
        }
    }

    /// Removes entries whose time is over, looking at some.
    package func sweep(amongNext count: Int, nowMs: Int64) { contents.sweep(amongNext: count, nowMs: nowMs) }

    /// The figures.
    package var measures: EmbeddingCacheMeasures {
        var measures = state.withLock { state in
            var figures = state.figures
            figures.runningLoads = state.table.batches.count
            figures.waitingKeys = state.table.waitingKeys
            figures.waitingAnnouncements = state.table.waitingAnnouncements
            figures.failuresInARow = state.health.failures
            return figures
        }
        contents.fill(&measures)
        return measures
    }
}
