extension QueriedPartitions {
    /// Reads the store as of one commit of each partition, on a thread that may block.
    ///
    /// Until the time limit, the read waits for partitions that cannot be read yet or have not reached the position.
    func read<Result: Sendable>(
        reaching position: Position, within limit: Duration,
        _ body: @escaping @Sendable (QueriedPartitions<Key, Value>) throws -> Result
    ) async throws -> Committed<Result> {
        let (keySerde, valueSerde) = (keySerde, valueSerde)
        return try await store.read(reaching: position, within: limit) { pinned in
            try body(QueriedPartitions(pinned, key: keySerde, value: valueSerde))
        }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread.
    func pinned<Result>(_ body: (QueriedPartitions<Key, Value>) throws -> Result) throws -> Committed<Result> {
        let pinned = store.pinned()
        let value = try body(QueriedPartitions(pinned, key: keySerde, value: valueSerde))
        return Committed(value: value, position: pinned.position)
    }
}

extension QueriedStore {
    package func read<Result: Sendable>(
        reaching position: Position, within limit: Duration,
        _ body: @escaping @Sendable (any QueriedStore) throws -> Result
    ) async throws -> Committed<Result> {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            let seen = changeCount
            do {
                try check(position)
                return try await perform { [self] in try readPinned(reaching: position, body) }
            } catch let error as StreamsError where error.isAwaited {
                guard try await waitForChange(since: seen, until: deadline) else { throw error }
            }
        }
    }
}

extension QueriedStore {
    /// Reads the store as of one commit of each partition, on the caller's thread.
    ///
    /// The partitions that were read have to have reached the position. An earlier `check` does not suffice: since then a partition
    /// may have moved here, or a standby may have taken its place.
    package func readPinned<Result>(
        reaching position: Position, _ body: (any QueriedStore) throws -> Result
    ) throws -> Committed<Result> {
        let pinned = pinned()
        let value = try body(pinned)
        try pinned.check(position)
        return Committed(value: value, position: pinned.position)
    }
}

/// Runs reads of stores that may block.
package protocol QueryExecutor: Sendable {
    /// Runs a read off Swift's cooperative pool.
    func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result
}

/// Runs reads on the caller's thread: for stores in memory, tests and simulations.
package struct DirectExecutor: QueryExecutor {
    package init() {}

    package func perform<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        return try body()
    }
}
