/// Windows whose length is known from their start: time windows or sliding ones.
@usableFromInline
enum FixedWindows: Sendable {
    case time(TimeWindows)
    case sliding(SlidingWindows)

    /// The length of a window, in milliseconds.
    @usableFromInline
    var sizeMs: Int64 {
        switch self {
        case .time(let windows): windows.sizeMs
        case .sliding(let windows): windows.differenceMs
        }
    }

    /// How long a store has to keep windows at least.
    ///
    /// Sliding windows are made of those up to twice the difference before. Kafka: `SlidingWindowStoreMaterializer`.
    @usableFromInline
    var minimalRetentionMs: Int64 {
        switch self {
        case .time(let windows): sum(windows.sizeMs, windows.graceMs)
        case .sliding(let windows): sum(sum(windows.differenceMs, windows.differenceMs), windows.graceMs)
        }
    }

    /// How long behind stream time a window closes, counted from its end.
    @usableFromInline
    var graceMs: Int64 {
        switch self {
        case .time(let windows): windows.graceMs
        case .sliding(let windows): windows.graceMs
        }
    }

    /// What is wrong with windows or what is done with them, reported when the topology is built.
    @usableFromInline
    func problem(emit: EmitStrategy) -> String? {
        switch self {
        case .time(let windows):
            if windows.onlyStartMs != nil, emit == .onWindowClose {
                return "an unlimited window never closes; use emit strategy onWindowUpdate"
            }
            return windows.problem
        case .sliding(let windows): return windows.problem
        }
    }

    /// The processor that aggregates over these windows.
    @inlinable
    func aggregate<Key, Value, Aggregate>(
        name: String, emit: EmitStrategy, storeName: String, store: StorePlan?, key: Serde<Key>,
        aggregate serde: Serde<Aggregate>, problem: String?, _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> ProcessorElement {
        switch self {
        case .time(let windows):
            .windowAggregate(
                name: name, windows, emit: emit, storeName: storeName, store: store, key: key, aggregate: serde,
                problem: problem, aggregation)
        case .sliding(let windows):
            .slidingWindowAggregate(
                name: name, windows, emit: emit, storeName: storeName, store: store, key: key, aggregate: serde,
                problem: problem, aggregation)
        }
    }
}

/// The sum, or the highest number where that does not fit.
func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflows) = left.addingReportingOverflow(right)
    return overflows ? .max : sum
}

extension Materialized {
    /// The plan of a window store, and what is wrong with it.
    @usableFromInline
    func windowStorePlan(
        for windows: FixedWindows, emit: EmitStrategy, orNamed generate: () -> String
    ) -> (plan: StorePlan, problem: String?) {
        let retentionMs = retention?.wholeMilliseconds ?? windows.minimalRetentionMs
        var plan = storePlan(orNamed: generate)
        let waits = emit == .onWindowClose
        var visibility = OrderedKeys.Expiry.Visibility.withSegment
        if case .sliding = windows, waits {
            plan.isCached = false
            visibility = .whenExpired(slackMs: 1)
        }
        plan.kind = .window(
            retentionMs: retentionMs, isTimestamped: true, visibility: visibility, isTimeIndexed: waits)
        let problem = retentionProblem(retentionMs, atLeast: windows.minimalRetentionMs)
        return (plan, windows.problem(emit: emit) ?? problem)
    }

    /// The plan of a session store, and what is wrong with it.
    @usableFromInline
    func sessionStorePlan(
        for windows: SessionWindows, emit: EmitStrategy, orNamed generate: () -> String
    ) -> (plan: StorePlan, problem: String?) {
        let minimal = sum(windows.gapMs, windows.graceMs)
        let retentionMs = retention?.wholeMilliseconds ?? minimal
        var plan = storePlan(orNamed: generate)
        plan.kind = .session(retentionMs: retentionMs, isTimeIndexed: emit == .onWindowClose)
        if emit == .onWindowClose { plan.isCached = false }
        return (plan, windows.problem ?? retentionProblem(retentionMs, atLeast: minimal))
    }

    private func retentionProblem(_ retentionMs: Int64, atLeast minimal: Int64) -> String? {
        if historyRetention != nil { return "windows cannot be kept in a versioned store; give it another one" }
        return retentionMs < minimal
            ? "its store keeps windows for \(retentionMs) ms, but needs them for \(minimal) ms; give a longer retention"
            : nil
    }
}
