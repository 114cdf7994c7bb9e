/// The choice of the segments that go into the next one.
///
/// Segments of about the same size go in when there are enough of them, so that each row is inserted into a graph a few times only, and a
/// search has few graphs to look through. A segment with too many dead rows is made anew, and takes the smaller ones in.
struct MergePlan {
    struct Part {
        var count: Int
        var deadCount: Int

        var aliveCount: Int { count - deadCount }
    }

    /// The segments that nothing is made of yet.
    var segments: [Part]
    var settings: IndexSettings

    /// The segments that go into one with the next tails: those that are no larger than a tail, if there are enough.
    var mergedWithTails: [Int] {
        let small = segments.indices.filter { tier(of: segments[$0].aliveCount) == 0 }
        return small.count + 1 < settings.mergedCount ? [] : small
    }

    /// The segments that are merged next; empty if nothing is due.
    var merged: [Int] {
        let worn = segments.filter { Double($0.deadCount) > settings.deadShare * Double(max(1, $0.count)) }
        if let largest = worn.map(\.count).max() { return segments.indices.filter { segments[$0].count <= largest } }
        let tiers = segments.map { tier(of: $0.aliveCount) }
        let due = Set(tiers).sorted().first { due in tiers.count { $0 == due } >= max(2, settings.mergedCount) }
        return due.map { due in grown(segments.indices.filter { tiers[$0] <= due }) } ?? []
    }

    /// Adds the segments of the size that the merged one will have, as long as there are enough of them.
    private func grown(_ chosen: [Int]) -> [Int] {
        var chosen = chosen
        while true {
            let tier = tier(of: chosen.reduce(0) { $0 + segments[$1].aliveCount })
            let others = segments.indices.filter { index in
                !chosen.contains(index) && self.tier(of: segments[index].aliveCount) <= tier
            }
            if others.isEmpty || others.count + 1 < settings.mergedCount { return chosen }
            chosen += others
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
