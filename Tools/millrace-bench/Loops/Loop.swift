import Millrace

/// A topology that the `topology` workload runs in memory, beside a hand-written loop that does the same.
package enum Loop: String, CaseIterable, Sendable {
    /// filter → map → to: String keys of 11 bytes, Int64 values.
    case stateless
    /// groupByKey → aggregate the maximum → to, in memory without a cache: String keys, Double values.
    case stateful
    /// The risk topology: JSON in, the highest score of each account, in memory without a cache.
    case risk

    package var accounts: Int { 10_000 }

    package var inputTopic: String { self == .risk ? "risk-events" : "input" }
}

/// The runner of a loop.
package enum LoopRunner: String, CaseIterable, Sendable {
    /// The engine's task, with ports in memory.
    case engine
    /// The same with a real clock, while somebody watches: ages of records and times of store engines are measured.
    case watched
    /// A hand-written loop.
    case hand
    /// `TopologyTestDriver`, which commits after every record.
    case driver
}
