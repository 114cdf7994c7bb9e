/// The bytes of all namespaces of a cache, and why entries left it.
struct NamespaceLedger {
    private(set) var accounts: [String: EmbeddingCacheMeasures.Namespace] = [:]
    private(set) var totalBytes = 0
    private(set) var evictions: [EmbeddingEvictionReason: Int] = [:]
    private let configuration: EmbeddingCacheConfiguration
    private let rules: CacheRules

    init(_ configuration: EmbeddingCacheConfiguration, _ rules: CacheRules) {
        self.configuration = configuration
        self.rules = rules
    }

    mutating func add(_ bytes: Int, to namespace: String) {
        totalBytes += bytes
        accounts[namespace, default: .init()].bytes += bytes
        accounts[namespace, default: .init()].entries += 1
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
}
