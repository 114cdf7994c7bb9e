/// Windows whose length is known from their start: time windows or sliding ones.
@usableFromInline
enum FixedWindows: Sendable {
    case time(TimeWindows)
    case sliding(SlidingWindows)

    @usableFromInline
    var areSliding: Bool {
        if case .sliding = self { true } else { false }
    }

    /// The length of a window, in milliseconds.
    @usableFromInline
    var sizeMs: Int64 {
        switch self {
        case .time(let windows): windows.sizeMs
        case .sliding(let windows): windows.differenceMs
        }
    }

    /// The shortest time for which a store has to keep windows.
    ///
    /// Sliding windows are made of earlier ones up to twice the difference back. Kafka: `SlidingWindowStoreMaterializer`.
    @usableFromInline
    var minimalRetentionMs: Int64 {
        switch self {
        case .time(let windows): (windows.size + windows.grace).ms
        case .sliding(let windows): (windows.difference * 2 + windows.grace).ms
        }
    }

    /// The moment at which a window closes.
    @usableFromInline
    var closing: WindowClosing {
        switch self {
        case .time(let windows): windows.closing
        case .sliding(let windows): windows.closing
        }
    }

    /// The problem with the windows or with their use, reported when the topology is built.
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
        for target: AggregationTarget<Key, Aggregate>, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> ProcessorElement {
        switch self {
        case .time(let windows): .windowAggregate(for: target, windows, emit: emit, aggregation)
        case .sliding(let windows): .slidingWindowAggregate(for: target, windows, emit: emit, aggregation)
        }
    }
}
