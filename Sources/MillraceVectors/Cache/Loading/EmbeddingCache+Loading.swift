import Millrace

extension EmbeddingCache {
    /// Loads keys that are not in memory, and waits for them.
    func load(_ keys: [EmbeddingKey], within timeout: Duration?) async throws -> [EmbeddingKey: Embedding] {
        let number = pending.newNumber()
        defer { pending.end(number) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard pending.wait(number, for: keys, continuation) else { return }
                let now = clock.nowMs
                let deadline = Moment(ms: now) + TimeSpan(timeout ?? configuration.loadTimeout)
                perform(core.request(keys, waiter: number, deadlineMs: deadline.ms, nowMs: now))
            }
        } onCancel: {
            core.cancel(waiter: number, keys: pending.cancel(number))
        }
    }

    /// Does what the core wants.
    func perform(_ actions: [CacheCore.Action]) {
        defer { watchers.notify() }
        if actions.isEmpty { return beginTimer() }
        for action in actions {
            switch action {
            case .load(let batch, let keys, let versions):
                pending.start(batch) {
                    Task.detached { [self] in
                        let result: Result<[EmbeddingKey: Embedding], any Error>
                        do {
                            result = .success(
                                try await source.load(keys, atLeast: versions, within: configuration.loadTimeout))
                        } catch {
                            result = .failure(error)
                        }
                        pending.end(batch: batch)
                        perform(core.finished(batch: batch, result, nowMs: clock.nowMs))
                    }
                }
            case .cancel(let batch): pending.cancel(batch: batch)
            case .answer(let waiter, let key, let result):
                let others = pending.answer(waiter, key, result)
                if !others.isEmpty { core.cancel(waiter: waiter, keys: others) }
            case .publish(let announcements): self.announcements?.publish(announcements)
            }
        }
        beginTimer()
    }

    /// Begins the task that ends waiting in time; it ends by itself when nothing is being loaded.
    private func beginTimer() {
        guard core.hasFlights, pending.beginTimer() else { return }
        Task.detached { [self] in
            while let deadline = core.nextDeadlineMs {
                // A caller who comes later may have less patience.
                let rest = min(max(deadline &- clock.nowMs, 1), Self.longestSleepMs)
                try? await clock.sleep(ms: rest)
                perform(core.expire(nowMs: clock.nowMs))
            }
            pending.endTimer()
            // Somebody may have begun to wait in between.
            if core.nextDeadlineMs != nil { beginTimer() }
        }
    }

    private static let longestSleepMs: Int64 = 50

    // MARK: Running

    /// Receives the announcements of others, and removes entries whose time is over, until the task is cancelled. Then the cache ends:
    /// callers who wait get an error, loads are cancelled, and only what is in memory can still be read.
    ///
    /// A cache without announcements works without this, but then an expired entry stays in memory until its place is needed.
    ///
    /// - Throws: The `Error` of the announcements if they cannot be received any more.
    public func run() async throws {
        defer { close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                guard let announcements else { return }
                try await announcements.run { [self] in perform(core.received($0, nowMs: clock.nowMs)) }
            }
            group.addTask { [self] in
                while !Task.isCancelled {
                    try await clock.sleep(ms: 1_000)
                    core.sweep(amongNext: Self.sweptCount, nowMs: clock.nowMs)
                }
            }
            do { try await group.waitForAll() } catch is CancellationError {}
        }
    }

    /// The entries of each shard that are looked at each second.
    private static let sweptCount = 1_000

    /// Ends the cache: callers who wait get an error, loads are cancelled, and only what is in memory can still be read.
    public func close() { perform(core.close()) }
}
