import Foundation

/// Random times and spans, most of them near the ends of their types, where sums overflow.
package enum ExtremeTimes {
    /// The seeds to try. `MILLRACE_TIME_SEEDS` is their number; the default is small enough for every run.
    package static func seeds(_ count: UInt64) -> Range<UInt64> {
        0..<(ProcessInfo.processInfo.environment["MILLRACE_TIME_SEEDS"].flatMap { UInt64($0) } ?? count)
    }

    /// A record's timestamp, not negative.
    package static func timestampMs(_ random: inout some RandomNumberGenerator) -> Int64 {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: Int64.random(in: 0...3, using: &random)
        case 1: Int64.max - Int64.random(in: 0...3, using: &random)
        case 2: powerOfTwo(&random) - Int64.random(in: 0...1, using: &random)
        case 3: Int64.random(in: 0...Int64.max, using: &random)
        default: Int64.random(in: 0...1_000, using: &random)
        }
    }

    /// Any time, also before the epoch.
    package static func anyMs(_ random: inout some RandomNumberGenerator) -> Int64 {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: Int64.min + Int64.random(in: 0...3, using: &random)
        case 1: -1 - Int64.random(in: 0...1_000, using: &random)
        case 2: Int64.random(in: Int64.min...Int64.max, using: &random)
        default: timestampMs(&random)
        }
    }

    /// A non-negative duration: zero, less than a millisecond, the longest, or one in between.
    package static func duration(_ random: inout some RandomNumberGenerator) -> Duration {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: [.zero, .nanoseconds(1), .microseconds(999), .milliseconds(1)].randomElement(using: &random) ?? .zero
        case 1: Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999)
        case 2: .seconds(Int64.max / 1_000 + Int64.random(in: -1...1, using: &random))
        default: .milliseconds(timestampMs(&random))
        }
    }

    private static func powerOfTwo(_ random: inout some RandomNumberGenerator) -> Int64 {
        1 << Int64.random(in: 1...62, using: &random)
    }
}
