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
            /// Its load has failed, and is repeated later.
            case delayed
            case running(batch: Int)
        }

        var state: State
        /// Tells the present entry in a queue from older ones.
        var ticket: UInt64
        var waiters: [Waiter] = []
        /// Whether somebody here has asked for it, so that it will be announced.
        var isWanted = false
        /// The announced version, which the load has to bring.
        var owed = OwedVersions.Version()
        /// Whether an announcement without a version came while it was loaded.
        var isOutdated = false
        var hasRetried = false
        /// Whether the cache has an older version meanwhile.
        var isRefresh = false
        /// The loads of it that have failed, those of it alone, and the last error.
        var failures = 0
        var failuresAlone = 0
        var error: EmbeddingCacheError?
        /// The most keys of its next load: half of the ones of the load that has failed, so that in the end a bad key fails alone.
        var maxBatchCount = Int.max

        func isWaiting(with ticket: UInt64) -> Bool {
            (state == .waitingForMiss || state == .waitingForAnnouncement) && self.ticket == ticket
        }

        func isDelayed(with ticket: UInt64) -> Bool { state == .delayed && self.ticket == ticket }
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
    private var delayed = DelayedLoads()
    private var owed: OwedVersions
    private var lastTicket: UInt64 = 0
    private(set) var lastBatch = 0
    private let maxConcurrent: Int
    private let maxBatchCount: Int

    init(maxConcurrent: Int, maxBatchCount: Int, maxOwedVersions: Int) {
        owed = OwedVersions(limit: maxOwedVersions)
        self.maxConcurrent = maxConcurrent
        self.maxBatchCount = maxBatchCount
    }

    /// The keys that wait because somebody asks for them, or because their load has failed.
    var waitingKeys: Int { misses.count + delayed.count }
    var waitingAnnouncements: Int { announced.count }
    var delayedCount: Int { delayed.count }

    /// Puts a key into a queue.
    mutating func enqueue(_ key: EmbeddingKey, _ flight: Flight, forMiss: Bool) {
        var flight = flight
        lastTicket += 1
        flight.ticket = lastTicket
        flight.state = forMiss ? .waitingForMiss : .waitingForAnnouncement
        flights[key] = flight
        if forMiss { misses.append(key, ticket: lastTicket) } else { announced.append(key, ticket: lastTicket) }
    }

    /// Records that a key waits until its load is repeated.
    mutating func delay(_ key: EmbeddingKey, _ flight: Flight, untilMs: Int64) {
        var flight = flight
        lastTicket += 1
        flight.ticket = lastTicket
        flight.state = .delayed
        flights[key] = flight
        delayed.append(key, ticket: lastTicket, dueMs: untilMs)
    }

    /// The time at which a key that waits can be loaded without anything else happening; `nil` if there is none.
    ///
    /// - Parameter nextLoadMs: When the next load may begin; `nil` for at once.
    func nextStartMs(nextLoadMs: Int64?) -> Int64? {
        guard batches.count < maxConcurrent else { return nil }
        let isPaused = nextLoadMs != nil && !hasRunning && hasPlace && misses.count + announced.count > 0
        return [isPaused ? nextLoadMs : nil, delayed.nextMs].compactMap(\.self).min()
    }

    private var hasPlace: Bool {
        let isForAnnouncements = misses.count == 0
        let running = batches.values.count(where: \.isForAnnouncements)
        return batches.count < maxConcurrent && (!isForAnnouncements || running < max(1, maxConcurrent / 2))
    }

    /// Whether a load runs that still has time.
    private var hasRunning: Bool { batches.values.contains { !$0.isCancelled } }

    /// Makes the flight of a key, which has to bring what earlier ones have not brought.
    mutating func newFlight(of key: EmbeddingKey) -> Flight {
        var flight = Flight(state: .waitingForMiss, ticket: 0)
        if let version = owed.take(key) {
            flight.owed = version
            // The earlier ones have tried again already.
            flight.hasRetried = true
        }
        return flight
    }

    /// Remembers what a flight that has ended, or is not begun, should have brought.
    ///
    /// - Returns: whether another version had to be forgotten.
    mutating func remember(_ key: EmbeddingKey, _ flight: Flight) -> Bool {
        !flight.owed.isNone && owed.insert(key, flight.owed)
    }

    /// Takes a key out of its queue.
    mutating func dequeue(_ key: EmbeddingKey) {
        guard let flight = flights.removeValue(forKey: key) else { return }
        switch flight.state {
        case .waitingForMiss: misses.forgetOne(flights)
        case .waitingForAnnouncement: announced.forgetOne(flights)
        case .delayed: delayed.forgetOne()
        case .running: break
        }
    }

    /// Begins the next load, if one may run and keys wait. Keys that somebody asks for come first; loads that are for
    /// announcements alone leave half of the places free.
    ///
    /// - Parameter nextLoadMs: When one load alone may begin; `nil` if several may, at once.
    mutating func startBatch(nowMs: Int64, nextLoadMs: Int64?) -> (number: Int, keys: [EmbeddingKey])? {
        for key in delayed.takeDue(nowMs: nowMs, flights) {
            if let flight = flights[key] { enqueue(key, flight, forMiss: !flight.waiters.isEmpty) }
        }
        guard hasPlace else { return nil }
        if let nextLoadMs, nextLoadMs > nowMs || hasRunning { return nil }
        let isForAnnouncements = misses.count == 0
        var keys: [EmbeddingKey] = []
        var limit = maxBatchCount
        func fits(_ flight: Flight) -> Bool { keys.count < min(limit, flight.maxBatchCount) }
        while let key = misses.next(flights, where: fits) ?? announced.next(flights, where: fits) {
            keys.append(key)
            limit = min(limit, flights[key]?.maxBatchCount ?? limit)
        }
        if keys.isEmpty { return nil }
        lastBatch += 1
        for key in keys { flights[key]?.state = .running(batch: lastBatch) }
        batches[lastBatch] = Batch(keys: keys, startedMs: nowMs, isForAnnouncements: isForAnnouncements)
        return (lastBatch, keys)
    }

    /// Returns the versions that are known to exist; the highest number for one that is known to be new, and not which.
    func knownVersions(of keys: [EmbeddingKey]) -> [EmbeddingKey: Int64] {
        var versions: [EmbeddingKey: Int64] = [:]
        for key in keys {
            guard let version = flights[key]?.owed, !version.isNone else { continue }
            versions[key] = version.isUnknown ? .max : version.lowest
        }
        return versions
    }

    mutating func endBatch(_ number: Int) -> Batch? { batches.removeValue(forKey: number) }

    mutating func cancelBatch(_ number: Int) { batches[number]?.isCancelled = true }

    mutating func removeAll() -> [EmbeddingKey: Flight] {
        defer {
            flights = [:]
            batches = [:]
            (misses, announced, delayed) = (LoadQueue(), LoadQueue(), DelayedLoads())
        }
        return flights
    }
}
