/// Keys whose load has failed and is repeated later.
struct DelayedLoads {
    private var entries: [(key: EmbeddingKey, ticket: UInt64, dueMs: Int64)] = []
    /// The number of keys that wait.
    private(set) var count = 0
    /// The time at which the next one is due; earlier if that one is not waiting any more. `nil` if none waits.
    private(set) var nextMs: Int64?

    mutating func append(_ key: EmbeddingKey, ticket: UInt64, dueMs: Int64) {
        entries.append((key, ticket, dueMs))
        count += 1
        nextMs = min(nextMs ?? .max, dueMs)
    }

    /// Records that a key is not waiting any more. Its entry goes when it is due.
    mutating func forgetOne() {
        count -= 1
        if count == 0 { self = DelayedLoads() }
    }

    /// Takes out the keys that are due, in the order in which they came.
    mutating func takeDue(nowMs: Int64, _ flights: [EmbeddingKey: LoadTable.Flight]) -> [EmbeddingKey] {
        guard let nextMs, nextMs <= nowMs else { return [] }
        let waiting = entries.filter { flights[$0.key]?.isDelayed(with: $0.ticket) ?? false }
        entries = waiting.filter { $0.dueMs > nowMs }
        count = entries.count
        self.nextMs = entries.map(\.dueMs).min()
        return waiting.filter { $0.dueMs <= nowMs }.map(\.key)
    }
}
