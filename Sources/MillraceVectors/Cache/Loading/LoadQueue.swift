/// Keys that wait for their load, first come, first served. A key that is not waiting any more is passed over.
struct LoadQueue {
    private var entries: [(key: EmbeddingKey, ticket: UInt64)] = []
    private var first = 0
    /// The number of keys that wait.
    private(set) var count = 0

    mutating func append(_ key: EmbeddingKey, ticket: UInt64) {
        entries.append((key, ticket))
        count += 1
    }

    /// Records that a key is not waiting any more. Its entry goes later.
    mutating func forgetOne(_ flights: [EmbeddingKey: LoadTable.Flight]) {
        count -= 1
        if entries.count - first > 2 * count + 64 {
            entries = entries[first...].filter { flights[$0.key]?.isWaiting(with: $0.ticket) ?? false }
            first = 0
        }
    }

    /// Takes out the next key that waits, if it fits.
    mutating func next(
        _ flights: [EmbeddingKey: LoadTable.Flight], where fits: (LoadTable.Flight) -> Bool
    ) -> EmbeddingKey? {
        while first < entries.count {
            let entry = entries[first]
            let flight = flights[entry.key].flatMap { $0.isWaiting(with: entry.ticket) ? $0 : nil }
            if let flight, !fits(flight) { return nil }
            first += 1
            if first > 64, first * 2 > entries.count {
                entries.removeFirst(first)
                first = 0
            }
            if flight != nil {
                count -= 1
                return entry.key
            }
        }
        return nil
    }
}
