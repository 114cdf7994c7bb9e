import Foundation
import Millrace
import RiskScore

/// SplitMix64: a small generator whose sequence follows from its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Realistic risk events from a seed, some of them malformed.
///
/// Accounts follow Zipf's law; events are up to five seconds late; most scores are low. One record in 500 is malformed,
/// one in 1,000 a tombstone, one in 2,000 has no key.
struct RandomEvents {
    /// A record for `risk-events`.
    struct Event {
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
    }

    private var random: SeededGenerator
    /// The share of events that each account and the accounts before it have together.
    private let cumulativeShares: [Double]

    init(accounts: Int, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        var total = 0.0
        let sums = (1...accounts).map { rank in
            total += 1 / Double(rank)
            return total
        }
        cumulativeShares = sums.map { [total] sum in sum / total }
    }

    mutating func next(nowMs: Int64) throws -> Event {
        let account = "acct-\(rank())"
        let age = TimeSpan(ms: Int64.random(in: 0...5_000, using: &random))
        let timestampMs = (Moment(ms: nowMs) - age).ms
        let key = Array(account.utf8)
        switch Int.random(in: 0..<2_000, using: &random) {
        case 0: return Event(key: nil, value: try value(account, timestampMs), timestampMs: timestampMs)
        case 1, 2: return Event(key: key, value: nil, timestampMs: timestampMs)
        case 3...6: return Event(key: key, value: malformed(), timestampMs: timestampMs)
        default: return Event(key: key, value: try value(account, timestampMs), timestampMs: timestampMs)
        }
    }

    private mutating func rank() -> Int {
        let share = Double.random(in: 0..<1, using: &random)
        var (low, high) = (0, cumulativeShares.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if cumulativeShares[middle] < share { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func value(_ account: String, _ timestampMs: Int64) throws -> [UInt8] {
        let score = pow(Double.random(in: 0..<1, using: &random), 3)
        let event = RiskEvent(account: account, score: (score * 10_000).rounded() / 10_000, timestampMs: timestampMs)
        return Array(try JSONEncoder().encode(event))
    }

    private mutating func malformed() -> [UInt8] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Array(#"{"account":"acct-1","score":"#.utf8)
        case 1: Array(#"{"account":"acct-1","score":"high","timestampMs":1}"#.utf8)
        case 2: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        default: []
        }
    }
}
