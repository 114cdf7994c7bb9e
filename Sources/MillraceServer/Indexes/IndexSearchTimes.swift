import Millrace

/// The times of the searches of an index: of a partition on an instance, or of all.
struct IndexSearchTimes {
    var count = 0
    var seconds = 0.0
    /// The time that 99 of 100 searches do not exceed; `nil` if there were none. Of several partitions it is that of the slowest, for
    /// which a search of all partitions waits.
    var p99Seconds: Double?
}

extension IndexSearchTimes {
    init(_ latency: LatencyHistogram) {
        self.init(
            count: latency.count, seconds: Self.seconds(latency.sum),
            p99Seconds: latency.quantile(0.99).map(Self.seconds))
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.nanoseconds) / 1e9 }

    static func += (left: inout IndexSearchTimes, right: IndexSearchTimes) {
        left.count &+= right.count
        // The number comes from another instance and may be any.
        left.seconds = min(left.seconds + max(0, right.seconds), 1e12)
        left.p99Seconds = [left.p99Seconds, right.p99Seconds].compactMap(\.self).max()
    }
}
