import Millrace
import Testing

@Suite("Latency histogram")
struct LatencyHistogramTests {
    @Test(
        "a latency counts in the first bucket whose bound it does not exceed",
        arguments: [
            (Int64.min, 0), (-1, 0), (0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (6, 3), (60_000, 14), (60_001, 15),
            (Int64.max, 15),
        ] as [(Int64, Int)])
    func bucket(ms: Int64, expected: Int) {
        var histogram = LatencyHistogram()
        histogram.add(ms: ms)
        #expect(histogram.counts.firstIndex(of: 1) == expected)
        #expect(histogram.count == 1)
        #expect(histogram.sum == .milliseconds(max(0, ms)))
    }

    @Test("bounds ascend, and one more bucket has none")
    func bounds() {
        for histogram in [LatencyHistogram(), LatencyHistogram(.microseconds)] {
            #expect(histogram.bounds == histogram.bounds.sorted())
            #expect(histogram.counts.count == histogram.bounds.count + 1)
        }
        #expect(LatencyHistogram().bounds.first == .milliseconds(1))
        #expect(LatencyHistogram(.microseconds).bounds.first == .microseconds(10))
        #expect(LatencyHistogram(.microseconds).bounds.last == .seconds(1))
    }

    @Test("microseconds count in buckets of their own, and in the sum")
    func microseconds() {
        var histogram = LatencyHistogram(.microseconds)
        for latency: Int64 in [-5, 10, 11, 40, 2_000_000] { histogram.add(microseconds: latency) }
        #expect(histogram.counts.prefix(3) == [2, 1, 1] && histogram.counts.last == 1 && histogram.count == 5)
        #expect(histogram.sum == .microseconds(2_000_061))
    }

    @Test("a quantile is within the bucket that has its rank, and the largest bound for what is beyond all")
    func quantiles() {
        var histogram = LatencyHistogram(.microseconds)
        #expect(histogram.quantile(0.99) == nil)
        for _ in 0..<50 { histogram.add(microseconds: 20) }
        for _ in 0..<50 { histogram.add(microseconds: 60) }
        // The bucket from 10 to 25 µs has the first half, that from 50 to 100 the second.
        #expect(histogram.quantile(0) == .microseconds(10) && histogram.quantile(0.5) == .microseconds(25))
        #expect(histogram.quantile(0.75) == .microseconds(75) && histogram.quantile(1) == .microseconds(100))
        #expect(histogram.quantile(2) == .microseconds(100) && histogram.quantile(-1) == .microseconds(10))
        for _ in 0..<900 { histogram.add(microseconds: .max) }
        #expect(histogram.quantile(0.99) == .seconds(1))
    }

    @Test("histograms add up, also beyond the largest sum")
    func sum() {
        var (left, right) = (LatencyHistogram(), LatencyHistogram())
        for ms: Int64 in [1, 20, .max] { left.add(ms: ms) }
        for ms: Int64 in [20, .max] { right.add(ms: ms) }
        left += right
        #expect(left.count == 5)
        #expect(left.counts[4] == 2)
        #expect(left.sum == .milliseconds(Int64.max))
        #expect(left != right)
    }
}
