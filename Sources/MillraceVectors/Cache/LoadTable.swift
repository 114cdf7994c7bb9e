/// The keys that are being loaded or wait for it: one flight for each, whoever asks.
struct LoadTable {
    /// Somebody who waits for a key.
    struct Waiter {
        var number: UInt64
        var deadlineMs: Int64
    }

    /// The loading of a key.
    struct Flight {
        enum State: Hashable {
            case waitingForMiss, waitingForAnnouncement
            case running(batch: Int)
        }

        var state: State
        /// Tells the present entry in a queue from older ones.
        var ticket: UInt64
        var waiters: [Waiter] = []
        /// Whether somebody here has asked for it, so that it will be announced.
        var isWanted = false
        /// The highest version that was announced; a lower one is not remembered.
        var minVersion = Int64.min
        /// Whether an announcement without a version came while it was loaded.
        var isOutdated = false
        var hasRetried = false
        /// Whether the cache has an older version meanwhile.
        var isRefresh = false

        func isWaiting(with ticket: UInt64) -> Bool {
            if case .running = state { return false }
            return self.ticket == ticket
        }
    }

    struct Batch {
        var keys: [EmbeddingKey]
        var startedMs: Int64
        var isForAnnouncements: Bool
        var isCancelled = false
    }

    var flights: [EmbeddingKey: Flight] = [:]
    private(set) var batches: [Int: Batch] = [:]
    private var misses = LoadQueue()
    private var announced = LoadQueue()
    private var lastTicket: UInt64 = 0
    private var lastBatch = 0
    private let maxConcurrent: Int
    private let maxBatchCount: Int

    init(maxConcurrent: Int, maxBatchCount: Int) {
        self.maxConcurrent = maxConcurrent
        self.maxBatchCount = maxBatchCount
    }

    var waitingKeys: Int { misses.count }
    var waitingAnnouncements: Int { announced.count }

    /// Puts a key into a queue.
    mutating func enqueue(_ key: EmbeddingKey, _ flight: Flight, forMiss: Bool) {
        var flight = flight
        lastTicket += 1
        flight.ticket = lastTicket
        flight.state = forMiss ? .waitingForMiss : .waitingForAnnouncement
        flights[key] = flight
        if forMiss { misses.append(key, ticket: lastTicket) } else { announced.append(key, ticket: lastTicket) }
    }

    func newFlight() -> Flight { Flight(state: .waitingForMiss, ticket: 0) }

    /// Takes a key out of its queue.
    mutating func dequeue(_ key: EmbeddingKey) {
        guard let flight = flights.removeValue(forKey: key) else { return }
        switch flight.state {
        case .waitingForMiss: misses.forgetOne(flights)
        case .waitingForAnnouncement: announced.forgetOne(flights)
        case .running: break
        }
    }

    /// Begins the next load, if one may run and keys wait. Keys that somebody asks for come first; loads that are for
    /// announcements alone leave half of the places free.
    mutating func startBatch(nowMs: Int64) -> (number: Int, keys: [EmbeddingKey])? {
        guard batches.count < maxConcurrent else { return nil }
        let isForAnnouncements = misses.count == 0
        if isForAnnouncements {
            guard batches.values.count(where: \.isForAnnouncements) < max(1, maxConcurrent / 2) else { return nil }
        }
        var keys: [EmbeddingKey] = []
        while keys.count < maxBatchCount, let key = misses.next(flights) { keys.append(key) }
        while keys.count < maxBatchCount, let key = announced.next(flights) { keys.append(key) }
        if keys.isEmpty { return nil }
        lastBatch += 1
        for key in keys { flights[key]?.state = .running(batch: lastBatch) }
        batches[lastBatch] = Batch(keys: keys, startedMs: nowMs, isForAnnouncements: isForAnnouncements)
        return (lastBatch, keys)
    }

    mutating func endBatch(_ number: Int) -> Batch? { batches.removeValue(forKey: number) }

    mutating func cancelBatch(_ number: Int) { batches[number]?.isCancelled = true }

    mutating func removeAll() -> [EmbeddingKey: Flight] {
        defer {
            flights = [:]
            batches = [:]
            (misses, announced) = (LoadQueue(), LoadQueue())
        }
        return flights
    }
}
