import MillraceVectors

/// A core whose source answers after some milliseconds of a time that only this moves: with each key's version, or with an error.
struct SourceDriver {
    struct Failure: Error {}

    private struct Load {
        var batch: Int
        var keys: [EmbeddingKey]
        var endMs: Int64
    }

    struct Answer {
        var key: EmbeddingKey
        var ms: Int64
        var result: Result<Embedding?, EmbeddingCacheError>
        var isFound: Bool { if case .success(.some) = result { true } else { false } }
    }

    let core: CacheCore
    /// Whether a load that has this key fails at this time.
    var fails: (EmbeddingKey, Int64) -> Bool
    var latencyMs: Int64 = 1
    /// The version that the source has of each key.
    var version: Int64 = 1
    private(set) var nowMs: Int64 = 1_000
    private(set) var begun: [(ms: Int64, keys: [EmbeddingKey], versions: [EmbeddingKey: Int64])] = []
    private(set) var answers: [Answer] = []
    private var loads: [Load] = []
    private var waiter: UInt64 = 0

    init(
        maxBatchCount: Int = 100, seed: UInt64 = 1, rules: CacheRules = CacheRules(),
        _ change: (inout EmbeddingCacheConfiguration) -> Void = { _ in },
        fails: @escaping (EmbeddingKey, Int64) -> Bool
    ) {
        var configuration = EmbeddingCacheConfiguration()
        change(&configuration)
        core = CacheCore(configuration, sourceBatchCount: maxBatchCount, seed: seed, shardCount: 1, rules: rules)
        self.fails = fails
    }

    mutating func get(_ keys: [String], withinMs timeoutMs: Int64 = 5_000) {
        waiter += 1
        let missing = keys.map { EmbeddingKey($0) }.filter { core.lookup($0, nowMs: nowMs) == .missing }
        perform(core.request(missing, waiter: waiter, deadlineMs: nowMs + timeoutMs, nowMs: nowMs))
    }

    /// Lets others announce keys.
    mutating func announce(_ keys: [String], version: Int64 = 1) {
        perform(
            core.received(
                keys.map { EmbeddingAnnouncement(EmbeddingKey($0), version: version, origin: "there") }, nowMs: nowMs))
    }

    /// Lets time pass, with all that happens meanwhile.
    mutating func run(forMs durationMs: Int64) {
        let endMs = nowMs + durationMs
        while true {
            let next = min(loads.map(\.endMs).min() ?? .max, core.nextDeadlineMs ?? .max)
            guard next <= endMs else { break }
            nowMs = max(nowMs, next)
            let ended = loads.filter { $0.endMs <= nowMs }
            loads.removeAll { $0.endMs <= nowMs }
            for load in ended {
                perform(core.finished(batch: load.batch, answer(load.keys), nowMs: nowMs))
            }
            perform(core.expire(nowMs: nowMs))
        }
        nowMs = endMs
    }

    private func answer(_ keys: [EmbeddingKey]) -> Result<[EmbeddingKey: Embedding], any Error> {
        if keys.contains(where: { fails($0, nowMs) }) { return .failure(Failure()) }
        return .success(Dictionary(uniqueKeysWithValues: keys.map { ($0, Embedding([1, 2], version: version)) }))
    }

    private mutating func perform(_ actions: [CacheCore.Action]) {
        for action in actions {
            switch action {
            case .load(let batch, let keys, let versions):
                begun.append((nowMs, keys, versions))
                loads.append(Load(batch: batch, keys: keys, endMs: nowMs + latencyMs))
            case .answer(_, let key, let result): answers.append(Answer(key: key, ms: nowMs, result: result))
            case .cancel, .publish: break
            }
        }
    }
}
