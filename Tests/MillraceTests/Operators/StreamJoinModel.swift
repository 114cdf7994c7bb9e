import Millrace

/// A model of the joins of streams, so short that it cannot have the errors that the operators could have.
///
/// A record's window holds its possible matches. Two records are a pair if they are in each other's windows, and if the window of the
/// first to come is open when the second comes, by the stream time with that one. A record that is in no pair has one result.
struct StreamJoinModel {
    /// A record that came, and the stream time with it.
    private struct Arrival {
        var value: String
        var key: String?
        var isLeft: Bool
        var timestampMs: Int64
    }

    let windows: JoinWindows
    private var arrivals: [(arrival: Arrival, isPaired: Bool)] = []
    private var pairs: [String] = []
    private var streamTimeMs: Int64 = -1

    init(_ windows: JoinWindows) { self.windows = windows }

    mutating func add(_ value: String, key: String?, isLeft: Bool, timestampMs: Int64) {
        streamTimeMs = max(streamTimeMs, timestampMs)
        let arrival = Arrival(value: value, key: key, isLeft: isLeft, timestampMs: timestampMs)
        var isPaired = false
        for index in arrivals.indices where isPair(arrivals[index].arrival, arrival) {
            let other = arrivals[index].arrival
            arrivals[index].isPaired = true
            isPaired = true
            let (left, right) = isLeft ? (value, other.value) : (other.value, value)
            pairs.append("\(left)|\(right)@\(max(timestampMs, other.timestampMs))")
        }
        arrivals.append((arrival, isPaired))
    }

    private func isPair(_ earlier: Arrival, _ later: Arrival) -> Bool {
        guard earlier.isLeft != later.isLeft, let key = earlier.key, key == later.key else { return false }
        let (left, right) = earlier.isLeft ? (earlier, later) : (later, earlier)
        let aheadMs = right.timestampMs - left.timestampMs
        guard -windows.beforeMs <= aheadMs, aheadMs <= windows.afterMs else { return false }
        let endMs = earlier.timestampMs + (earlier.isLeft ? windows.afterMs : windows.beforeMs)
        return streamTimeMs <= endMs + windows.graceMs
    }

    /// The results, as `left|right@timestamp`, sorted, when all windows are closed.
    ///
    /// - Parameters:
    ///   - keepsLeft: whether left records without a match have a result.
    ///   - keepsRight: whether right ones have.
    func results(keepsLeft: Bool, keepsRight: Bool) -> [String] {
        let single = arrivals.filter { !$0.isPaired && ($0.arrival.isLeft ? keepsLeft : keepsRight) }.map { one in
            let value = one.arrival.isLeft ? "\(one.arrival.value)|-" : "-|\(one.arrival.value)"
            return "\(value)@\(one.arrival.timestampMs)"
        }
        return (pairs + single).sorted()
    }
}
