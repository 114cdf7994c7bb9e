/// The distribution of latencies over fixed buckets, and their sum.
///
/// The buckets are the same for every histogram, so that those of several tasks, threads and instances can be added up.
public struct LatencyHistogram: Sendable, Hashable {
    /// The upper bounds of the buckets, in milliseconds; the last bucket has none.
    private static let boundsMs: InlineArray<15, Int64> = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
    ]
    private var buckets = InlineArray<16, Int64>(repeating: 0)
    private var sumMs: Int64 = 0

    /// Makes an empty histogram.
    public init() {}

    /// The inclusive upper bounds of the buckets, in ascending order. One more bucket has no bound.
    public static var bounds: [Duration] { boundsMs.indices.map { .milliseconds(boundsMs[$0]) } }

    /// The number of latencies in each bucket, in the order of ``bounds``, and in the bucket without a bound.
    public var counts: [Int] { buckets.indices.map { Int(buckets[$0]) } }

    /// The number of all latencies.
    public var count: Int { buckets.indices.reduce(0) { $0 &+ Int(buckets[$1]) } }

    /// The sum of all latencies. Each counts in whole milliseconds.
    public var sum: Duration { .milliseconds(sumMs) }

    /// Adds a latency in milliseconds; a negative one counts as 0.
    package mutating func add(ms: Int64) {
        var bucket = 0
        while bucket < Self.boundsMs.count, ms > Self.boundsMs[bucket] { bucket &+= 1 }
        buckets[bucket] &+= 1
        sumMs = (TimeSpan(ms: sumMs) + TimeSpan(ms: max(0, ms))).ms
    }

    package static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
        for bucket in left.buckets.indices { left.buckets[bucket] &+= right.buckets[bucket] }
        left.sumMs = (TimeSpan(ms: left.sumMs) + TimeSpan(ms: right.sumMs)).ms
    }

    public static func == (left: LatencyHistogram, right: LatencyHistogram) -> Bool {
        left.sumMs == right.sumMs && left.buckets.indices.allSatisfy { left.buckets[$0] == right.buckets[$0] }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(sumMs)
        for bucket in buckets.indices { hasher.combine(buckets[bucket]) }
    }
}
