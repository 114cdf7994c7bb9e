import Logging
import Millrace

/// Topics that come and go while a worker runs, and match the patterns of its sources.
///
/// Each member looks for them itself and subscribes to what it has found, by which the group rebalances. What a generation
/// is about must not be each member's own view: two that see different topics would assign the tasks differently. So it is
/// the leader's, as its assignment tells; that is part of what every member reads when it asks for the members.
extension Worker {
    /// Asks for a place in the group, or for none where there is nothing to read.
    func subscribe(to topics: Set<String>) throws(PortError) {
        try ports.consumer.subscribe(to: topics.sorted())
        group.subscription = topics
    }

    /// Subscribes to what matches now, if it is time to look.
    ///
    func lookForTopicsIfDue() throws {
        guard hasSourcePatterns, !group.isWaiting else { return }
        let check = TopicCheck(at: ports.clock, every: TimeSpan(ms: configuration.topicCheckIntervalMs))
        guard check.isDue(after: topicCheck) else { return }
        let found = try InternalTopics.matchedTopics(
            of: topology, applicationID: configuration.applicationID, admin: ports.admin)
        let wanted = Set(plan.subscription).subtracting(plan.matchedTopics.keys).union(found)
        // A static member that comes back is given its old place, whatever it subscribes to by now. There the leader has to
        // join anew for the group to rebalance.
        let isOutdated = group.isActive && Set(found) != Set(plan.matchedTopics.keys)
        if wanted != group.subscription || isOutdated {
            logger.info("the topics that match are \(found.joined(separator: ", ")) now; joining the group anew")
            try subscribe(to: wanted)
        }
        topicCheck = check
    }

    /// Plans for the topics of a generation, where they are others than those of the last one, and tells those who query.
    func followTopics(_ partitionCounts: [String: Int32]) throws {
        guard hasSourcePatterns else { return }
        defer { ports.localStores?.setInputs(plan.inputs) }
        var matched = partitionCounts
        if configuration.sabotage.contains(.ownViewOfTopics) {
            matched = try ports.admin.partitionCounts(of: Array(group.subscription ?? []))
        }
        let names = Set(topology.topics(matchedIn: matched.keys, configuration.applicationID))
        matched = matched.filter { names.contains($0.key) }
        if matched == plan.matchedTopics { return }
        plan = try InternalTopics.prepare(
            topology, applicationID: configuration.applicationID, replicationFactor: configuration.replicationFactor,
            matched: matched, admin: ports.admin)
    }
}

/// When topics are looked for.
///
/// The times are the wall clock's multiples of the interval, so that all members look at about the same moment and the group
/// rebalances once. Where the wall clock is set back, the interval still passes in monotonic time.
struct TopicCheck {
    private let turn: Moment
    private let at: Moment
    private let interval: TimeSpan

    /// A check now.
    ///
    /// - Parameter interval: at least a millisecond.
    init(at clock: any Clock, every interval: TimeSpan) {
        turn = Moment(ms: clock.wallClockMs()).roundedDown(to: interval)
        at = clock.monotonic
        self.interval = interval
    }

    /// Whether it is time for this check when another one was the last.
    func isDue(after last: TopicCheck) -> Bool { turn != last.turn || at - last.at >= interval }
}
