import Millrace
import Testing

@Suite("Moments and spans of time")
struct MomentTests {
    static let extremes: [Int64] = [
        .min, .min + 1, -1_000_001, -2, -1, 0, 1, 2, 7, 1_000_000, .max / 2, .max - 1, .max,
    ]

    /// What does not fit, as an integer wide enough for it.
    static func clamped(_ value: Int128) -> Int64 { Int64(clamping: value) }

    @Test("sums, differences and products are those of wider numbers, ended at the ends of time")
    func arithmeticSaturates() {
        for left in Self.extremes {
            for right in Self.extremes {
                let (moment, span) = (Moment(ms: left), TimeSpan(ms: right))
                let sum = Self.clamped(Int128(left) + Int128(right))
                let difference = Self.clamped(Int128(left) - Int128(right))
                #expect((moment + span).ms == sum)
                #expect((moment - span).ms == difference)
                #expect((moment - Moment(ms: right)).ms == difference)
                #expect((TimeSpan(ms: left) + span).ms == sum)
                #expect((TimeSpan(ms: left) - span).ms == difference)
                #expect((TimeSpan(ms: left) * right).ms == Self.clamped(Int128(left) * Int128(right)))
                #expect((moment < Moment(ms: right)) == (left < right))
                #expect((TimeSpan(ms: left) < span) == (left < right))
            }
        }
    }

    @Test("time never comes to its end")
    func theEndIsNeverReached() {
        #expect(Moment(ms: 5).isReached(by: Moment(ms: 5)))
        #expect(!Moment(ms: 6).isReached(by: Moment(ms: 5)))
        #expect(Moment(ms: .max - 1).isReached(by: .distantFuture))
        #expect(!Moment.distantFuture.isReached(by: .distantFuture))
        #expect(!(Moment(ms: 1) + .forever).isReached(by: .distantFuture))
    }

    @Test("a moment is rounded down to a multiple of a span, before the epoch too")
    func roundsDown() {
        for ms in Self.extremes {
            for span: Int64 in [1, 2, 3, 10, 86_400_000, .max - 1, .max] {
                let multiple = Int128(ms) / Int128(span) * Int128(span)
                let expected = multiple > Int128(ms) ? multiple - Int128(span) : multiple
                let rounded = Moment(ms: ms).roundedDown(to: TimeSpan(ms: span))
                #expect(rounded.ms == Self.clamped(expected), "\(ms) by \(span)")
            }
        }
    }

    @Test("the next of moments at an interval is the first one after now, however far now is")
    func nextOfAnInterval() {
        for start in Self.extremes {
            for now in Self.extremes {
                for interval: Int64 in [1, 2, 3, 10, 86_400_000, .max - 1, .max] {
                    let ticks = max(0, (Int128(now) - Int128(start)) / Int128(interval) + 1)
                    let expected = now < start ? Int128(start) : Int128(start) + ticks * Int128(interval)
                    let next = Moment(ms: start).next(every: TimeSpan(ms: interval), after: Moment(ms: now))
                    #expect(next.ms == Self.clamped(expected), "from \(start) every \(interval) after \(now)")
                }
            }
        }
    }

    @Test("the neighbours of the ends of time are the ends")
    func neighbours() {
        #expect(Moment(ms: 5).next == Moment(ms: 6))
        #expect(Moment(ms: 5).previous == Moment(ms: 4))
        #expect(Moment.distantFuture.next == .distantFuture)
        #expect(Moment.distantPast.previous == .distantPast)
        #expect(Moment(ms: -3).notBeforeEpoch == .epoch)
        #expect(Moment(ms: 3).notBeforeEpoch == Moment(ms: 3))
    }

    @Test("a duration becomes whole milliseconds, and what does not fit the longest or shortest span")
    func durations() {
        #expect(TimeSpan(.seconds(2) + .microseconds(1_900)).ms == 2_001)
        #expect(TimeSpan(.microseconds(-1_900)).ms == -1)
        #expect(TimeSpan(.seconds(Int64.max)) == .forever)
        #expect(TimeSpan(.seconds(Int64.min)).ms == .min)
        #expect(TimeSpan(.milliseconds(Int64.max)) == .forever)
        #expect(TimeSpan(.milliseconds(Int64.min)).ms == .min)
        #expect(TimeSpan(.seconds(Int64.max) * 18) == .forever)
        #expect(TimeSpan(.seconds(Int64.min) * 18).ms == .min)
        #expect(TimeSpan(.milliseconds(Int64.min) - .milliseconds(1)).ms == .min)
        #expect(TimeSpan(.milliseconds(Int64.max) + .milliseconds(1)) == .forever)
        #expect(TimeSpan(ms: 2_001).duration == .milliseconds(2_001))
    }

    @Test("a time-out is not negative and fits")
    func timeouts() {
        #expect(TimeSpan(ms: -1).timeoutMs == 0)
        #expect(TimeSpan(ms: 1_500).timeoutMs == 1_500)
        #expect(TimeSpan.forever.timeoutMs == .max)
    }
}
