/// Windows by which the records of each key are grouped, as the operations that aggregate over windows see them.
@usableFromInline
protocol GroupingWindows: Sendable {
    /// The moment at which a window closes.
    var closing: WindowClosing { get }

    /// The shortest time for which a store has to keep windows.
    var minimalRetentionMs: Int64 { get }

    /// The problem with the windows or with their use, reported when the topology is built.
    func problem(emit: EmitStrategy) -> String?

    /// Changes the plan of a store so that it keeps these windows.
    func shape(_ store: inout StorePlan, retentionMs: Int64, emit: EmitStrategy, _ compatibility: Compatibility)

    /// The serde of the results' keys.
    func windowed<Key>(_ key: Serde<Key>) -> Serde<Windowed<Key>>

    /// The way in which other operators look up the results.
    func view<Key, Value>(ofStore name: String, key: Serde<Key>, value: Serde<Value>) -> TableView<Windowed<Key>, Value>
}

extension Materialized {
    /// The plan of a store of windows, and the problem with it.
    @usableFromInline
    func storePlan(
        for windows: some GroupingWindows, emit: EmitStrategy, _ compatibility: Compatibility,
        orNamed generate: () -> String, key keySerde: Serde<Key>?, value valueSerde: Serde<Value>?
    ) -> (plan: StorePlan, problem: String?) {
        let retentionMs = retention?.wholeMilliseconds ?? windows.minimalRetentionMs
        var plan = storePlan(orNamed: generate, key: keySerde, value: valueSerde)
        windows.shape(&plan, retentionMs: retentionMs, emit: emit, compatibility)
        return (plan, windows.problem(emit: emit) ?? retentionProblem(retentionMs, atLeast: windows.minimalRetentionMs))
    }

    private func retentionProblem(_ retentionMs: Int64, atLeast minimal: Int64) -> String? {
        if historyRetention != nil { return "windows cannot be kept in a versioned store; give it another one" }
        return retentionMs < minimal
            ? "its store keeps windows for \(retentionMs) ms, but needs them for \(minimal) ms; give a longer retention"
            : nil
    }
}

extension SessionWindows: GroupingWindows {
    @usableFromInline
    var minimalRetentionMs: Int64 { closing.wait.ms }

    @usableFromInline
    func problem(emit: EmitStrategy) -> String? { problem }

    @usableFromInline
    func shape(_ store: inout StorePlan, retentionMs: Int64, emit: EmitStrategy, _ compatibility: Compatibility) {
        let waits = emit == .onWindowClose
        if waits { store.isCached = false }
        let visibility: OrderedKeys.Expiry.Visibility =
            switch compatibility {
            case .none: .untilDropped()
            case .kafkaStreams: waits ? .whenExpired() : .withSegment
            }
        store.kind = .session(retentionMs: retentionMs, visibility: visibility, isTimeIndexed: waits)
    }

    @usableFromInline
    func windowed<Key>(_ key: Serde<Key>) -> Serde<Windowed<Key>> { .sessionWindowed(key) }

    @inlinable
    func view<Key, Value>(ofStore name: String, key: Serde<Key>, value: Serde<Value>) -> TableView<Windowed<Key>, Value>
    {
        .sessionStore(name, key: key, value: value)
    }
}

extension FixedWindows: GroupingWindows {
    @usableFromInline
    func shape(_ store: inout StorePlan, retentionMs: Int64, emit: EmitStrategy, _ compatibility: Compatibility) {
        let waits = emit == .onWindowClose
        if areSliding, waits { store.isCached = false }
        let visibility: OrderedKeys.Expiry.Visibility =
            switch compatibility {
            // The window of an earlier record that is over may say what the oldest open one begins with.
            case .none: .untilDropped(slackMs: areSliding ? 1 : 0)
            case .kafkaStreams: areSliding && waits ? .whenExpired(slackMs: 1) : .withSegment
            }
        store.kind = .window(
            retentionMs: retentionMs, isTimestamped: true, visibility: visibility, isTimeIndexed: waits)
    }

    @usableFromInline
    func windowed<Key>(_ key: Serde<Key>) -> Serde<Windowed<Key>> { .timeWindowed(key, sizeMs: sizeMs) }

    @inlinable
    func view<Key, Value>(ofStore name: String, key: Serde<Key>, value: Serde<Value>) -> TableView<Windowed<Key>, Value>
    {
        .windowStore(name, key: key, value: value)
    }
}
