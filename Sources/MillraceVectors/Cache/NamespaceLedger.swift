/// The bytes of all namespaces of a cache, and why entries left it.
struct NamespaceLedger {
    private(set) var accounts: [String: EmbeddingCacheMeasures.Namespace] = [:]
    private(set) var totalBytes = 0
    private(set) var evictions: [EmbeddingEvictionReason: Int] = [:]
    private let configuration: EmbeddingCacheConfiguration
    private let rules: CacheRules
    /// The namespaces that may lose entries to others, but for those that a thread has taken out.
    private var losers = LossQueue()

    init(_ configuration: EmbeddingCacheConfiguration, _ rules: CacheRules) {
        self.configuration = configuration
        self.rules = rules
    }

    /// Adds an entry that was made at a time.
    mutating func add(_ bytes: Int, to namespace: String, nowMs: Int64) {
        totalBytes += bytes
        var account = accounts[namespace] ?? .init()
        account.bytes += bytes
        account.entries += 1
        accounts[namespace] = account
        guard mayLose(namespace) else { return }
        switch configuration.evictionPolicy {
        case .leastRecentlyUsed:
            // A new entry is no reason to look at older ones again.
            losers.addNew(namespace, account.entries == 1 ? CacheRank(usedAtMs: nowMs) : .lowest)
        case .leastFrequentlyUsed: losers.add(namespace, .lowest)
        }
    }

    /// Takes an entry out; without a reason if another one takes its place.
    mutating func remove(_ bytes: Int, from namespace: String, for reason: EmbeddingEvictionReason?) {
        totalBytes -= bytes
        if var account = accounts[namespace] {
            account.bytes -= bytes
            account.entries -= 1
            accounts[namespace] = account.entries > 0 ? account : nil
        }
        if let reason { evictions[reason, default: 0] += 1 }
    }

    var isFull: Bool { totalBytes > configuration.capacityInBytes }

    func isOverLimit(_ namespace: String) -> Bool {
        guard let limit = configuration.settings(of: namespace).maxBytes else { return false }
        return (accounts[namespace]?.bytes ?? 0) > limit
    }

    /// Whether entries of the namespace may go to make room for others. It loses entries only as long as it has more than its share;
    /// the shares together are at most the capacity, so if the cache is full, some namespace has more.
    func mayLose(_ namespace: String) -> Bool {
        guard rules.keepsShares else { return true }
        return (accounts[namespace]?.bytes ?? 0) > configuration.settings(of: namespace).guaranteedBytes
    }

    // MARK: Choosing who loses

    /// Takes out the namespace that seems to have the entry that should go first.
    ///
    /// - Returns: The namespace, and the lowest rank of the others; `nil` if none may lose entries.
    mutating func takeLoser() -> (namespace: String, nextRank: CacheRank?)? {
        while let name = losers.removeLowest() {
            // It comes back when it has more than its share again.
            if mayLose(name) { return (name, losers.lowestRank) }
        }
        return nil
    }

    /// Puts a namespace back, with the rank of the entry that it would lose.
    mutating func putBack(_ namespace: String, _ rank: CacheRank) {
        if mayLose(namespace) { losers.add(namespace, rank) }
    }
}

extension CacheRank {
    fileprivate init(usedAtMs: Int64) { self.init(frequency: 0, usedAtMs: usedAtMs, usedAt: 0) }
}
