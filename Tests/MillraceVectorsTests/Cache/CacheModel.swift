import MillraceVectors
import TestSupport

/// A cache's core, a source whose versions grow, another cache that announces, and time, all driven by a seed; and what a cache
/// promises, checked after each step.
struct CacheModel {
    struct Load {
        var batch: Int
        var keys: [EmbeddingKey]
        /// The versions of which the cache has heard.
        var versions: [EmbeddingKey: Int64]
        /// The answer of the source, of the moment at which it reads, which is some time after the load began.
        var answer: [EmbeddingKey: Embedding]?
    }

    /// Makes indexes at once, so that a seed decides everything.
    private struct AtOnce: BuildExecutor {
        func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void) { work() }
    }

    static let names = ["a", "b", "c"]
    static let keyCount = 12
    /// An entry of two components takes some 330 bytes, and 660 if it is searched, so the cache holds about twelve of 36.
    private static let capacity = 5_000
    private static let share = 2_200

    var random: SeededNumbers
    let core: CacheCore
    var nowMs: Int64 = 1_000
    private var versions: [EmbeddingKey: Int64] = [:]
    /// The contents of a source in front of the durable one, which may be old. It is asked first, and believed unless something newer is known.
    private var copies: [EmbeddingKey: Int64] = [:]
    private var lastVersion: Int64 = 0
    private(set) var loads: [Load] = []
    private(set) var waiters: [UInt64: EmbeddingKey] = [:]
    private var lastWaiter: UInt64 = 0
    /// A load with this key fails, whatever else is in it.
    let badKey: EmbeddingKey
    private let prefix: String
    /// What has happened, in order.
    private(set) var trace: [String] = []
    /// The version of each key that has to be loaded at least, as was announced to the cache.
    private var announced: [EmbeddingKey: Int64] = [:]
    /// The keys whose absence an announcement has ended since they were last loaded.
    private var endedAbsences: Set<EmbeddingKey> = []
    var problems: [String] = []
    private(set) var hits = 0
    private(set) var loadCount = 0

    /// - Parameters:
    ///   - prefix: The beginning of every key, which decides nothing but the order in dictionaries.
    ///   - shardCount: The number of shards; `nil` for one by the seed.
    init(
        seed: UInt64, policy: EmbeddingEvictionPolicy, rules: CacheRules = CacheRules(), prefix: String = "",
        shardCount: Int? = nil
    ) {
        random = SeededNumbers(seed: seed)
        self.prefix = prefix
        badKey = EmbeddingKey(prefix + "7", in: "c")
        var configuration = EmbeddingCacheConfiguration()
        configuration.origin = "here"
        configuration.capacityInBytes = Self.capacity
        configuration.evictionPolicy = policy
        configuration.timeToLive = random.chance(50) ? .milliseconds(400) : nil
        configuration.absenceTimeToLive = .milliseconds(200)
        configuration.loadTimeout = .milliseconds(100)
        configuration.retryDelay = .milliseconds(10)
        configuration.maxRetryDelay = .milliseconds(80)
        configuration.maxConcurrentLoads = 1 + random.below(3)
        configuration.indexedFrom = 1 + random.below(4)
        configuration.maxWaitingKeys = 4
        configuration.maxWaitingAnnouncements = 3
        configuration.namespaces = [
            "a": EmbeddingNamespace(guaranteedBytes: Self.share, dimensions: 2, metric: .euclidean),
            "b": EmbeddingNamespace(maxBytes: 2_000),
        ]
        let (batchCount, shards) = (1 + random.below(3), 1 << random.below(3))
        core = CacheCore(
            configuration, sourceBatchCount: batchCount, seed: seed, shardCount: shardCount ?? shards, rules: rules,
            indexing: AtOnce())
    }

    /// Runs some steps; ends at the first problem.
    mutating func run(steps: Int) {
        for _ in 0..<steps where problems.isEmpty { step() }
        if problems.isEmpty { checkOutage() }
        if problems.isEmpty { checkRecovery() }
        guard problems.isEmpty else { return }
        // At the end everybody gets an answer.
        let last = core.request([badKey], waiter: newWaiter(of: badKey), deadlineMs: .max, nowMs: nowMs)
        perform(last)
        perform(core.close())
        if !waiters.isEmpty { problems.append("\(waiters.count) callers got no answer") }
    }

    private mutating func step() {
        switch random.below(100) {
        case ..<40: get()
        case ..<65: answerLoad()
        case ..<75: readSource()
        case ..<85: change()
        case ..<92: announce()
        case ..<95: nowMs += Int64(random.below(60))
        case ..<97: cancel()
        case ..<98: core.sweep(amongNext: 3, nowMs: nowMs)
        default: perform(core.expire(nowMs: nowMs))
        }
        check()
    }

    private mutating func key() -> EmbeddingKey {
        // A few keys are asked for often, and namespace c is noisy.
        let name = random.chance(60) ? "c" : Self.names[random.below(3)]
        return self.key(random.below(random.chance(50) ? 3 : Self.keyCount), in: name)
    }

    func key(_ number: Int, in name: String) -> EmbeddingKey { EmbeddingKey("\(prefix)\(number)", in: name) }

    mutating func newWaiter(of key: EmbeddingKey) -> UInt64 {
        lastWaiter += 1
        waiters[lastWaiter] = key
        return lastWaiter
    }

    mutating func get() {
        let key = key()
        let bytes = core.measures.namespaces["a"]?.bytes ?? 0
        switch core.lookup(key, nowMs: nowMs) {
        case .found(let embedding):
            hits += 1
            checkVersion(embedding, of: key)
        case .absent:
            hits += 1
            if endedAbsences.contains(key) { problems.append("\(key) is absent after an announcement of it") }
        case .missing:
            let waiter = newWaiter(of: key)
            perform(core.request([key], waiter: waiter, deadlineMs: nowMs + 100, nowMs: nowMs))
        }
        if (core.measures.namespaces["a"]?.bytes ?? 0) > bytes { problems.append("a request has stored something") }
    }

    private mutating func readSource() {
        guard let index = loads.indices.randomElement(using: &random), loads[index].answer == nil else { return }
        loads[index].answer = foundInLayers(loads[index])
    }

    /// Reads from the source in front, and what that lacks, or has in an older version than is known, from the durable one.
    private mutating func foundInLayers(_ load: Load) -> [EmbeddingKey: Embedding] {
        var answer = found(load.keys)
        for key in load.keys {
            if let copy = copies[key], copy >= load.versions[key] ?? .min {
                answer[key] = Embedding([Float(copy), 1], version: copy)
            } else if copies[key] != nil || random.chance(50) {
                // A copy that is passed over is replaced.
                copies[key] = versions[key]
            }
        }
        return answer
    }

    func found(_ keys: [EmbeddingKey]) -> [EmbeddingKey: Embedding] {
        var found: [EmbeddingKey: Embedding] = [:]
        for key in keys {
            if let version = versions[key] { found[key] = Embedding([Float(version), 1], version: version) }
        }
        return found
    }

    struct SourceFailure: Error {}

    mutating func takeLoad() -> Load? {
        loads.indices.randomElement(using: &random).map { loads.remove(at: $0) }
    }

    private mutating func answerLoad() {
        guard let load = takeLoad() else { return }
        let share = core.measures.namespaces["a"]?.bytes ?? 0
        let touchesA = load.keys.contains { $0.namespace == "a" }
        if random.chance(10) || load.keys.contains(badKey) {
            perform(core.finished(batch: load.batch, .failure(SourceFailure()), nowMs: nowMs))
        } else {
            var answer = load.answer ?? foundInLayers(load)
            if random.chance(5), let key = load.keys.first { answer[key] = Embedding([.nan, 1], version: lastVersion) }
            perform(core.finished(batch: load.batch, .success(answer), nowMs: nowMs))
            for key in load.keys { endedAbsences.remove(key) }
        }
        let rest = core.measures.namespaces["a"]?.bytes ?? 0
        // An entry more than the share may go; expired ones go at any time.
        if !touchesA, core.configuration.timeToLive == nil, rest < share, rest + 700 < Self.share,
            core.measures.evictions[.capacity, default: 0] > 0, !hasExpired
        {
            problems.append("namespace a fell from \(share) to \(rest) bytes, its share is \(Self.share)")
        }
        lastExpired = core.measures.evictions[.expired, default: 0]
    }

    private var lastExpired = 0
    private var hasExpired: Bool { core.measures.evictions[.expired, default: 0] > lastExpired }

    /// Changes the source, and mostly tells the cache.
    private mutating func change() {
        let key = key()
        lastVersion += 1
        versions[key] = random.chance(80) ? lastVersion : nil
        if random.chance(70) { tell(key, version: versions[key]) }
    }

    /// Announces what is known or old, twice sometimes.
    private mutating func announce() {
        let known = versions.sorted { $0.key.description < $1.key.description }
        guard let (key, version) = known.randomElement(using: &random) else { return }
        tell(key, version: max(1, version - Int64(random.below(3))))
        if random.chance(10) { tell(key, version: version) }
    }

    private mutating func tell(_ key: EmbeddingKey, version: Int64?) {
        // A load after an announcement without a version brings nothing older than there is now.
        announced[key] = max(announced[key] ?? 0, version ?? versions[key] ?? lastVersion + 1)
        let wasAbsent = core.peek(key, nowMs: nowMs) == .absent
        perform(core.received([EmbeddingAnnouncement(key, version: version, origin: "there")], nowMs: nowMs))
        if wasAbsent, core.peek(key, nowMs: nowMs) == .absent {
            problems.append("\(key) is still absent after an announcement of version \(version ?? -1)")
        }
        if wasAbsent { endedAbsences.insert(key) }
    }

    private mutating func cancel() {
        guard let (waiter, key) = waiters.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else { return }
        waiters[waiter] = nil
        core.cancel(waiter: waiter, keys: [key])
    }

    mutating func perform(_ actions: [CacheCore.Action]) {
        for action in actions {
            note(action)
            switch action {
            case .load(let batch, let keys, let versions):
                loadCount += 1
                for load in loads {
                    for key in keys where load.keys.contains(key) { problems.append("\(key) is loaded twice at once") }
                }
                if Set(keys).count < keys.count { problems.append("a load has a key twice") }
                loads.append(Load(batch: batch, keys: keys, versions: versions))
                if loads.count > core.configuration.maxConcurrentLoads { problems.append("\(loads.count) loads run") }
            case .cancel: break
            case .answer(let waiter, let key, _):
                if waiters[waiter] != key { problems.append("caller \(waiter) got an answer that it did not wait for") }
                waiters[waiter] = nil
            case .publish(let announcements):
                for one in announcements where one.origin != "here" {
                    problems.append("a foreign announcement is passed on")
                }
            }
        }
    }

    private mutating func note(_ action: CacheCore.Action) {
        func name(_ key: EmbeddingKey) -> String { "\(key.namespace)/\(key.key.dropFirst(prefix.count))" }
        switch action {
        case .load(let batch, let keys, _): trace.append("\(nowMs) load \(batch): \(keys.map(name))")
        case .cancel(let batch): trace.append("\(nowMs) cancel \(batch)")
        case .answer(let waiter, let key, .success(let found)):
            trace.append("\(nowMs) answer \(waiter): \(name(key)) \(found?.version ?? -1)")
        case .answer(let waiter, let key, .failure(let error)):
            trace.append("\(nowMs) answer \(waiter): \(name(key)) \(error.code.rawValue)")
        case .publish(let announcements):
            trace.append("\(nowMs) publish \(announcements.map { name($0.key) })")
        }
    }

    /// The version of each entry when it was last seen.
    private var seen: [EmbeddingKey: Int64] = [:]

    private mutating func checkVersion(_ embedding: Embedding, of key: EmbeddingKey) {
        if embedding.vector.contains(where: \.isNaN) { problems.append("\(key) has a vector that is not a number") }
        if embedding.vector.first != Float(embedding.version) { problems.append("\(key) has another version's vector") }
    }

    private mutating func check() {
        let measures = core.measures
        if measures.bytes > Self.capacity { problems.append("\(measures.bytes) bytes are more than the capacity") }
        if (measures.namespaces["b"]?.bytes ?? 0) > 2_000 { problems.append("namespace b is over its limit") }
        if measures.waitingKeys > 4 + Self.keyCount { problems.append("\(measures.waitingKeys) keys wait") }
        // Those whose load has failed come back to the queue.
        if measures.waitingAnnouncements > 2 * 3 {
            problems.append("\(measures.waitingAnnouncements) announcements wait")
        }
        for name in Self.names {
            for number in 0..<Self.keyCount {
                let key = key(number, in: name)
                guard case .found(let embedding) = core.peek(key, nowMs: nowMs) else {
                    seen[key] = nil
                    continue
                }
                checkVersion(embedding, of: key)
                // What is new here has been stored in this step, and so has to be as new as was announced.
                if seen[key] != embedding.version, embedding.version < announced[key] ?? 0 {
                    problems.append(
                        "\(key) of version \(embedding.version) is stored after \(announced[key] ?? 0) was announced")
                }
                seen[key] = embedding.version
            }
        }
        checkSearch()
    }

    private mutating func checkSearch() {
        guard let matches = try? core.search(near: [0, 1], count: 100, in: "a", nowMs: nowMs) else {
            problems.append("the search failed")
            return
        }
        var expected: [String: Int64] = [:]
        for number in 0..<Self.keyCount {
            let key = key(number, in: "a")
            if case .found(let embedding) = core.peek(key, nowMs: nowMs) {
                expected[key.key] = embedding.version
            }
        }
        let found = Dictionary(matches.map { ($0.key, $0.embedding.version) }) { first, _ in first }
        if found != expected || matches.count != expected.count {
            problems.append("a search found \(found), and the entries are \(expected)")
        }
        if matches.map(\.score) != matches.map(\.score).sorted() { problems.append("the nearest do not come first") }
    }
}
