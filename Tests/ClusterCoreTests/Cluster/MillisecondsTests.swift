import ClusterCore
import Testing

@Suite("Moments in milliseconds")
struct MillisecondsTests {
    private static let extremes: [Int64] = [.min, .min + 1, -7, -1, 0, 1, 1_700_000_000_000, .max / 2, .max - 1, .max]

    @Test("a time beyond the beginning or the end of time becomes the beginning or the end")
    func saturates() {
        for left in Self.extremes {
            for right in Self.extremes {
                #expect(left.later(byMs: right) == Int64(clamping: Int128(left) + Int128(right)))
                #expect(left.earlier(byMs: right) == Int64(clamping: Int128(left) - Int128(right)))
                #expect(left.milliseconds(since: right) == Int64(clamping: Int128(left) - Int128(right)))
            }
        }
    }
}
