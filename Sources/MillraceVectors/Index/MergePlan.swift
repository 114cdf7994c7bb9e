/// The choice of the parts from which the next segment is made.
///
/// Tails that wait always go in. Segments of about the same size go in when there are enough of them, so that each row is inserted into a
/// graph a few times only, and a search has few graphs to look through. A segment with too many dead rows is made anew.
struct MergePlan {
    struct Part {
        var count: Int
        var deadCount: Int

        var aliveCount: Int { count - deadCount }
    }

    var waiting: Int
    var hasWaiting: Bool
    var segments: [Part]
    var settings: IndexSettings

    /// The segments that go in; `nil` if nothing is due.
    var chosen: [Int]? {
        if hasWaiting { return merged(with: waiting) }
        let worn = segments.indices.filter { index in
            Double(segments[index].deadCount) > settings.deadShare * Double(max(1, segments[index].count))
        }
        return worn.min { segments[$0].count < segments[$1].count }.map { [$0] }
    }

    private func merged(with count: Int) -> [Int] {
        var chosen: [Int] = []
        var sum = count
        while true {
            let tier = tier(of: sum)
            let others = segments.indices.filter { index in
                !chosen.contains(index) && self.tier(of: segments[index].aliveCount) <= tier
            }
            if others.count < settings.mergedCount - 1 { return chosen }
            chosen += others
            sum += others.reduce(0) { $0 + segments[$1].aliveCount }
        }
    }

    /// How often a tail has to be multiplied to be larger.
    private func tier(of count: Int) -> Int {
        var (tier, size) = (0, max(1, settings.tailCount))
        while size < count, tier < 40 {
            size = size.multipliedReportingOverflow(by: max(2, settings.mergedCount)).partialValue
            tier += 1
        }
        return tier
    }
}
