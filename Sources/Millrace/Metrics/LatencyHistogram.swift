/// The distribution of latencies over fixed buckets, and their sum.
///
/// The buckets are the same for every histogram of a resolution, so that those of several tasks, threads and instances can be added up.
public struct LatencyHistogram: Sendable, Hashable {
    /// The unit in which a histogram counts.
    public enum Resolution: Sendable, Hashable {
        /// Whole milliseconds, in buckets from 1 ms to 60 s.
        case milliseconds
        /// Whole microseconds, in buckets from 10 µs to 1 s.
        case microseconds
    }

    /// The unit in which the histogram counts.
    public let resolution: Resolution
    private var buckets = InlineArray<16, Int64>(repeating: 0)
    private var sumInUnits: Int64 = 0

    /// Makes an empty histogram.
    ///
    /// - Parameter resolution: the unit in which it counts; milliseconds by default.
    public init(_ resolution: Resolution = .milliseconds) { self.resolution = resolution }

    /// The inclusive upper bounds of the buckets, in ascending order. One more bucket has no bound.
    public var bounds: [Duration] {
        let bounds = resolution.bounds
        return bounds.indices.map { resolution.unit * bounds[$0] }
    }

    /// The number of latencies in each bucket, in the order of ``bounds``, and in the bucket without a bound.
    public var counts: [Int] { buckets.indices.map { Int(buckets[$0]) } }

    /// The number of all latencies.
    public var count: Int { buckets.indices.reduce(0) { $0 &+ Int(buckets[$1]) } }

    /// The sum of all latencies. Each counts in whole units of the ``resolution``.
    public var sum: Duration { resolution.unit * sumInUnits }

    /// Estimates the latency that a share of all latencies does not exceed. Within a bucket the latencies are taken to be spread evenly.
    ///
    /// - Parameter share: the share, from 0 to 1: 0.99 for the 99th percentile.
    /// - Returns: the latency; the largest of the ``bounds`` if it is longer than that; `nil` if there are no latencies.
    public func quantile(_ share: Double) -> Duration? {
        let rank = min(max(share, 0), 1) * Double(count)
        let bounds = resolution.bounds
        var (below, lower) = (0.0, 0.0)
        for bucket in bounds.indices {
            let (inBucket, upper) = (Double(buckets[bucket]), Double(bounds[bucket]))
            if inBucket > 0, below + inBucket >= rank {
                return resolution.unit * (lower + (upper - lower) * (rank - below) / inBucket)
            }
            (below, lower) = (below + inBucket, upper)
        }
        return count == 0 ? nil : resolution.unit * lower
    }

    /// Adds a latency in milliseconds to a histogram of milliseconds; a negative one counts as 0.
    package mutating func add(ms: Int64) { add(ms, of: .milliseconds) }

    /// Adds a latency in microseconds to a histogram of microseconds; a negative one counts as 0.
    package mutating func add(microseconds: Int64) { add(microseconds, of: .microseconds) }

    private mutating func add(_ latency: Int64, of unit: Resolution) {
        assert(unit == resolution, "a latency has the unit of its histogram")
        let bounds = resolution.bounds
        var bucket = 0
        while bucket < bounds.count, latency > bounds[bucket] { bucket &+= 1 }
        buckets[bucket] &+= 1
        addToSum(max(0, latency))
    }

    private mutating func addToSum(_ other: Int64) {
        let (sum, overflows) = sumInUnits.addingReportingOverflow(other)
        sumInUnits = overflows ? .max : sum
    }

    /// Adds a histogram of the same resolution.
    package static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
        assert(left.resolution == right.resolution, "histograms that are added up have one resolution")
        for bucket in left.buckets.indices { left.buckets[bucket] &+= right.buckets[bucket] }
        left.addToSum(right.sumInUnits)
    }

    public static func == (left: LatencyHistogram, right: LatencyHistogram) -> Bool {
        left.resolution == right.resolution && left.sumInUnits == right.sumInUnits
            && left.buckets.indices.allSatisfy { left.buckets[$0] == right.buckets[$0] }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(resolution)
        hasher.combine(sumInUnits)
        for bucket in buckets.indices { hasher.combine(buckets[bucket]) }
    }
}

extension LatencyHistogram.Resolution {
    private static let boundsMs: InlineArray<15, Int64> = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
    ]
    private static let boundsInMicroseconds: InlineArray<15, Int64> = [
        10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    ]

    /// The upper bounds of the buckets, in units; the last bucket has none.
    fileprivate var bounds: InlineArray<15, Int64> {
        switch self {
        case .milliseconds: Self.boundsMs
        case .microseconds: Self.boundsInMicroseconds
        }
    }

    fileprivate var unit: Duration {
        switch self {
        case .milliseconds: .milliseconds(1)
        case .microseconds: .microseconds(1)
        }
    }
}
