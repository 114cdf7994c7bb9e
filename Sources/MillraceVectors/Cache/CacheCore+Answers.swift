import Millrace
import Synchronization

/// What a source answers.
extension CacheCore {
    /// Takes the answer of a load.
    ///
    /// - Parameters:
    ///   - batch: The number of the load.
    ///   - result: The embeddings that there are, or the source's error.
    ///   - nowMs: The time.
    package func finished(
        batch number: Int, _ result: Result<[EmbeddingKey: Embedding], any Error>, nowMs: Int64
    ) -> [Action] {
        state.withLock { state in
            guard let batch = state.table.endBatch(number) else { return [] }
            state.figures.loadLatency.add(ms: nowMs &- batch.startedMs)
            let found: [EmbeddingKey: Embedding]
            switch result {
            case .success(let answer): found = answer
            case .failure(let error):
                let actions = failed(batch, number, error, nowMs: nowMs, &state)
                return actions + startLoads(nowMs: nowMs, &state)
            }
            state.health.answered()
            var actions: [Action] = []
            var announced: [EmbeddingAnnouncement] = []
            for key in batch.keys {
                guard let flight = state.table.flights[key], flight.state == .running(batch: number) else { continue }
                let outcome = outcome(of: key, found)
                guard let answer = finish(key, flight, outcome, nowMs: nowMs, &state) else { continue }
                for waiter in flight.waiters {
                    actions.append(.answer(waiter: waiter.number, key: key, answer.result))
                }
                if let announcement = answer.announcement { announced.append(announcement) }
            }
            if !announced.isEmpty {
                state.figures.publishedAnnouncements += announced.count
                actions.append(.publish(announced))
            }
            return actions + startLoads(nowMs: nowMs, &state)
        }
    }

    /// A usable answer: the embedding, if there is one, with its row for searches.
    private typealias Loaded = (embedding: Embedding?, row: [UInt8]?)

    private func outcome(
        of key: EmbeddingKey, _ found: [EmbeddingKey: Embedding]
    ) -> Result<Loaded, EmbeddingCacheError> {
        guard let embedding = found[key] else { return .success((nil, nil)) }
        do throws(VectorProblem) {
            return .success((embedding, try row(of: embedding.vector, configuration.settings(of: key.namespace))))
        } catch {
            return .failure(
                EmbeddingCacheError(
                    .invalidVector, "the source's vector cannot be used: \(error.message)", key: key, cause: error))
        }
    }

    /// Checks a vector, and returns its row for searches, if its namespace is searched.
    private func row(of vector: [Float], _ settings: EmbeddingNamespace) throws(VectorProblem) -> [UInt8]? {
        if let format = settings.rowFormat { return try format.row(of: vector) }
        let dimensions = settings.dimensions ?? vector.count
        guard vector.count == dimensions, !vector.isEmpty else {
            throw VectorProblem(
                .wrongDimensions,
                "it has \(vector.count) components, not \(settings.dimensions.map(String.init) ?? "at least 1")")
        }
        if let index = vector.firstIndex(where: { !$0.isFinite }) {
            throw VectorProblem(.notFinite, "component \(index) of the vector is \(vector[index])")
        }
        return nil
    }

    /// Ends a flight, or lets it begin once more if it brought less than was announced.
    private func finish(
        _ key: EmbeddingKey, _ flight: LoadTable.Flight, _ outcome: Result<Loaded, EmbeddingCacheError>, nowMs: Int64,
        _ state: inout State
    ) -> (result: Result<Embedding?, EmbeddingCacheError>, announcement: EmbeddingAnnouncement?)? {
        switch outcome {
        case .failure(let error):
            state.figures.failedKeys += 1
            giveUp(key, flight, &state)
            return (.failure(error), nil)
        case .success(let loaded):
            let isOld =
                rules.keepsNewerVersions
                && (flight.isOutdated || flight.owed.isAbove(loaded.embedding?.version))
            let hasPlace =
                !flight.waiters.isEmpty || state.table.waitingAnnouncements < configuration.maxWaitingAnnouncements
            if isOld, !flight.hasRetried, hasPlace {
                retry(key, flight, &state)
                return nil
            }
            if loaded.embedding == nil { state.figures.absentKeys += 1 } else { state.figures.foundKeys += 1 }
            if isOld {
                giveUp(key, flight, &state)
                return (.success(loaded.embedding), nil)
            }
            state.table.dequeue(key)
            contents.store(key, loaded.embedding, row: loaded.row, nowMs: nowMs)
            let announcement = flight.isWanted ? loaded.embedding : nil
            return (
                .success(loaded.embedding),
                announcement.map { EmbeddingAnnouncement(key, version: $0.version, origin: configuration.origin) }
            )
        }
    }

    private func retry(_ key: EmbeddingKey, _ flight: LoadTable.Flight, _ state: inout State) {
        var again = flight
        again.hasRetried = true
        again.isOutdated = false
        state.table.enqueue(key, again, forMiss: !flight.waiters.isEmpty)
    }

    /// Ends a flight that has not brought what was announced, and removes what the cache has of the key if it is outdated.
    func giveUp(_ key: EmbeddingKey, _ flight: LoadTable.Flight, _ state: inout State) {
        state.table.dequeue(key)
        remember(key, flight, &state)
        contents.remove(key, for: .outdated) { present in
            guard case .found(let embedding) = present else { return flight.owed.lowest > .min || flight.isOutdated }
            return flight.isRefresh || embedding.version < flight.owed.lowest
        }
    }
}
