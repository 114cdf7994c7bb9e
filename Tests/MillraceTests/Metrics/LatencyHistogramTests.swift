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
        #expect(LatencyHistogram.bounds == LatencyHistogram.bounds.sorted())
        #expect(LatencyHistogram().counts.count == LatencyHistogram.bounds.count + 1)
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
