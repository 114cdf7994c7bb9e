/// A call of a store's engine, for measurements.
package enum EngineCall: String, CaseIterable, Sendable {
    /// The look-up of a key that is not in memory.
    case get
    /// A scan, with everything that is done with its entries.
    case scan
    /// A batch of committed changes.
    case write
    /// Making everything written durable.
    case flush

    fileprivate var index: Int {
        switch self {
        case .get: 0
        case .scan: 1
        case .write: 2
        case .flush: 3
        }
    }
}

/// The calls of a store's engine, and the time that they took.
package struct EngineTimes: Sendable {
    private var counts = InlineArray<4, Int>(repeating: 0)
    private var nanoseconds = InlineArray<4, Int64>(repeating: 0)

    package init() {}

    package func count(of call: EngineCall) -> Int { counts[call.index] }
    package func time(of call: EngineCall) -> Duration { .nanoseconds(nanoseconds[call.index]) }

    fileprivate mutating func count(_ call: EngineCall) -> Int {
        counts[call.index] &+= 1
        return counts[call.index]
    }

    fileprivate mutating func add(_ span: Int64, to call: EngineCall) { nanoseconds[call.index] &+= span }
}

/// Measures the calls of a store's engine, while somebody watches.
///
/// Of the look-ups, of which there may be one for each record, one in 16 is timed and counts for all of them.
final class EngineStopwatch {
    private static let getsPerLook = 16

    private let clock: any WallClock
    private let isWatched: @Sendable () -> Bool
    @exclusivity(unchecked) private(set) var times = EngineTimes()

    init(_ clock: any WallClock, isWatched: @escaping @Sendable () -> Bool) {
        self.clock = clock
        self.isWatched = isWatched
    }

    func during<Result>(_ call: EngineCall, _ body: () throws -> Result) rethrows -> Result {
        let number = times.count(call)
        let weight = call == .get ? Self.getsPerLook : 1
        guard number % weight == 0, isWatched() else { return try body() }
        let begun = clock.monotonicNanoseconds()
        defer { times.add((clock.monotonicNanoseconds() &- begun) &* Int64(weight), to: call) }
        return try body()
    }
}
