import Logging
import Millrace

/// Watches the topics of a worker, which can change while it runs: partitions are added, topics that match a pattern come and go,
/// topics are deleted and created again.
///
/// Each member looks for itself. If the topics differ from those of its tasks, it joins the group again, which makes the group
/// rebalance. But a generation must not follow each member's own view: two members that see different topics would assign the tasks
/// differently. So the leader's view counts. The leader's assignment tells it, which every member reads when it asks for the
/// members.
final class TopicWatch {
    private let context: WorkerContext
    private let offsets: InputOffsets
    /// The topics and tasks; replaced when the topics change.
    private(set) var plan: TopicPlan
    /// The topics that must exist before this worker joins the group again.
    private(set) var awaited: [String] = []
    /// The topics to subscribe to.
    private(set) var subscription: Set<String>
    /// The topics that this worker has subscribed to; `nil` before its first subscription.
    private var subscribed: Set<String>?
    /// The ids of the topics that are read, as far as they are known.
    private var ids: [String: String] = [:]
    /// Whether there is a sign that a topic may be gone.
    private var mayMissTopics = false
    private var lastCheck: TopicCheck

    /// The result of a look at the topics.
    enum Changes: Equatable {
        /// The topics are those of the tasks.
        case none
        /// The topics differ from those of the tasks: the group has to rebalance.
        case changed([String])
        /// Topics were deleted and created again.
        case recreated
        /// Topics are gone.
        case missing
        /// All awaited topics exist.
        case found
    }

    init(_ context: WorkerContext, plan: TopicPlan, offsets: InputOffsets) {
        self.context = context
        self.offsets = offsets
        self.plan = plan
        subscription = Set(plan.subscription)
        lastCheck = Self.check(context)
    }

    private static func check(_ context: WorkerContext) -> TopicCheck {
        TopicCheck(at: context.ports.clock, every: TimeSpan(ms: context.configuration.topicCheckIntervalMs))
    }

    private var topology: Topology { context.topology }
    private var configuration: WorkerConfiguration { context.configuration }
    private var admin: any AdminPort { context.ports.admin }
    private var logger: Logger { context.logger }

    // MARK: The subscription

    var isSubscribed: Bool { subscribed != nil }

    /// Whether this worker has subscribed to no topics, because there is nothing to read.
    var isSubscribedToNone: Bool { subscribed == [] }

    /// Whether this worker has not subscribed to exactly the topics that it should.
    var isSubscriptionOutdated: Bool { subscribed != subscription }

    /// Subscribes to the topics, or to none if there is nothing to read.
    func subscribe() throws(PortError) {
        try context.ports.consumer.subscribe(to: subscription.sorted())
        subscribed = subscription
    }

    // MARK: This member's view

    /// Makes the worker look at the topics soon, because of a sign that one may be gone.
    func raiseDoubt() { mayMissTopics = true }

    /// Compares the topics with those of the tasks, if a check is due; otherwise returns `nil`.
    ///
    /// - Parameter lost: see ``look(lost:)``.
    func lookIfDue(lost: ([TopicPartition]) throws -> Set<TopicPartition>) throws -> Look? {
        let check = Self.check(context)
        let isAwaited = !awaited.isEmpty && check.isLater(than: lastCheck, byMs: Self.awaitedCheckMs)
        guard check.isDue(after: lastCheck) || mayMissTopics || isAwaited else { return nil }
        let look = try look(lost: lost)
        lastCheck = check
        return look
    }

    /// The time between two looks at topics that the worker waits for.
    private static var awaitedCheckMs: Int64 { 500 }

    /// A look at the topics.
    struct Look {
        var changes: Changes
        /// Whether the broker does not know some changelogs, which may pass in a moment.
        var hasMissingChangelogs = false
    }

    /// Compares the topics with those of the tasks.
    ///
    /// - Parameter lost: returns those of some partitions that have no committed offset any more although this worker knows one. It
    ///   is called for topics without an id, which would show that the topic was replaced.
    /// - Throws: `StreamsError` with code `.topic` if the internal topics do not fit any more.
    func look(lost: ([TopicPartition]) throws -> Set<TopicPartition>) throws -> Look {
        let required = topology.taskTopics
        let matched =
            topology.hasSourcePatterns
            ? try InternalTopics.matchedTopics(
                of: topology, applicationID: configuration.applicationID, admin: admin) : []
        let counts = try admin.partitionCounts(of: required + matched + plan.internalTopics.map(\.name))
        var present = SourceTopics(counts: counts.filter { required.contains($0.key) || matched.contains($0.key) })
        present.ids = try admin.topicIDs(of: present.counts.keys.sorted())
        mayMissTopics = false
        if !awaited.isEmpty { return Look(changes: try lookForAwaited(present)) }
        // The broker deletes the committed offsets together with their topic.
        let doubtful = offsets.committed.keys.filter { present.counts[$0.topic] != nil && present.ids[$0.topic] == nil }
        let renewed = doubtful.isEmpty ? [] : Set(try lost(doubtful.sorted()).map(\.topic))
        let assigned = SourceTopics(counts: plan.sourceTopics, ids: ids)
        switch TopicChange(from: assigned, to: present, required: required, renewed: renewed) {
        case .missing(let topics):
            try wait(for: topics)
            return Look(changes: .missing)
        case .recreated(let topics):
            recordRecreated(topics, present)
            return Look(changes: .recreated)
        case .changed(let topics): return try follow(present, counts, matched, .changed(topics))
        case .none: return try follow(present, counts, matched, .none)
        }
    }

    /// Adopts the changes that do not need the group.
    private func follow(
        _ present: SourceTopics, _ counts: [String: Int32], _ matched: [String], _ changes: Changes
    ) throws -> Look {
        // A broker may not know a changelog for a moment: missing ones are left to a second look.
        let changelogs = Set(
            topology.subtopologies.flatMap(\.stores).compactMap { store in
                store.sourceTopicAsChangelog == nil
                    ? store.changelogTopic?.resolved(applicationID: configuration.applicationID) : nil
            })
        let missing = plan.internalTopics.filter { counts[$0.name] == nil && changelogs.contains($0.name) }
        let known = counts.merging(missing.map { ($0.name, $0.partitions) }) { present, _ in present }
        let problems = InternalTopics.countProblems(of: plan, counts: known)
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
        ids.merge(present.ids) { known, _ in known }
        subscription = Set(plan.subscription).subtracting(plan.matchedTopics.keys).union(matched)
        return Look(changes: changes, hasMissingChangelogs: !missing.isEmpty)
    }

    // MARK: Topics that are gone, and others of their name

    /// The reason why this worker waits outside the group; `nil` if it does not.
    var wait: String? { awaited.isEmpty ? nil : "\(Self.missing(awaited)); waiting for it" }

    private static func missing(_ topics: [String]) -> String {
        let list = topics.joined(separator: ", ")
        return
            "\(topics.count == 1 ? "topic \(list), which is read, does" : "topics \(list), which are read, do") not exist"
    }

    /// Ends the worker, or makes it wait outside the group.
    ///
    /// - Throws: `StreamsError` with code `.topic` that names the topics, unless the configuration says to wait.
    private func wait(for topics: [String]) throws {
        let message = Self.missing(topics)
        guard configuration.waitsForTopics else {
            throw StreamsError(
                .topic, "\(message): deleted while the application runs. Create what is missing, then start again")
        }
        logger.warning("\(message); waiting outside the group until it does")
        awaited = topics
        subscription = []
        offsets.recordRenewed(topics)
        for topic in topics { ids[topic] = nil }
    }

    private func lookForAwaited(_ present: SourceTopics) throws -> Changes {
        let missing = topology.taskTopics.filter { present.counts[$0] == nil }.sorted()
        offsets.recordRenewed(missing)
        guard missing.isEmpty else {
            awaited = missing
            return .none
        }
        plan = try InternalTopics.prepare(
            topology, applicationID: configuration.applicationID, replicationFactor: configuration.replicationFactor,
            admin: admin)
        // The wait is over only now: after an error the next look tries again.
        awaited = []
        ids = present.ids
        subscription = Set(plan.subscription)
        context.ports.localStores?.setInputs(plan.inputs)
        logger.info("all topics are there; joining the group again")
        return .found
    }

    private func recordRecreated(_ topics: [String], _ present: SourceTopics) {
        logger.warning(
            "topics were deleted and created again: \(topics.joined(separator: ", ")); reading them from their beginning"
        )
        offsets.recordRenewed(topics)
        for topic in topics { ids[topic] = present.ids[topic] }
    }

    // MARK: The group's view

    /// Makes a plan for the topics of a generation if they differ from those of the last one, and updates the queryable stores.
    ///
    /// - Parameter seen: the partition counts in the leader's view; `nil` if that is not known, to use this member's own view.
    /// - Returns: whether the generation can be joined: all its topics exist.
    func follow(_ seen: [String: Int32]?) throws -> Bool {
        defer { context.ports.localStores?.setInputs(plan.inputs) }
        let view = try view(of: seen)
        // Nobody has an assignment: the next look says why.
        if view.isEmpty, !plan.sourceTopics.isEmpty, !topology.taskTopics.isEmpty {
            raiseDoubt()
            return true
        }
        let generation = try GenerationTopics(
            seen: view, planned: plan.sourceTopics, required: topology.taskTopics,
            present: { try admin.partitionCounts(of: $0) })
        switch generation {
        case .missing(let topics):
            try wait(for: topics)
            return false
        case .leaderLags(let topics):
            throw PortError(
                .staleGeneration,
                "the group's leader does not see all of \(topics.joined(separator: ", ")) yet")
        case .existing(let counts):
            if counts != plan.sourceTopics { try plan(for: counts) }
            try recordIDs()
            return true
        }
    }

    /// Records the topics' ids before any offset is asked for: from then on another id means that the offsets belong to another
    /// topic.
    private func recordIDs() throws {
        let unknown = plan.sourceTopics.keys.filter { ids[$0] == nil }.sorted()
        ids.merge(try admin.topicIDs(of: unknown)) { known, _ in known }
    }

    /// Returns the topics in the leader's view that tasks read.
    private func view(of seen: [String: Int32]?) throws -> [String: Int32] {
        let view = try seen ?? admin.partitionCounts(of: Array(subscription))
        let read = topology.taskTopics.union(topology.topics(matchedIn: view.keys, configuration.applicationID))
        return view.filter { read.contains($0.key) }
    }

    private func plan(for counts: [String: Int32]) throws {
        let before = plan.sourceTopics
        do {
            plan = try InternalTopics.prepare(
                topology, applicationID: configuration.applicationID,
                replicationFactor: configuration.replicationFactor, sources: counts, admin: admin)
        } catch var error as StreamsError where error.code == .topic {
            let changes = Set(before.keys).union(counts.keys).sorted().filter { before[$0] != counts[$0] }.map {
                topic in
                "\(topic) had \(before[topic] ?? 0) partitions and has \(counts[topic] ?? 0)"
            }
            error.message +=
                ". The topics that are read have changed while the application runs: "
                + changes.joined(separator: ", ")
            throw error
        }
        for (topic, count) in counts where count < before[topic] ?? 0 { offsets.recordRenewed([topic]) }
    }
}

/// The time of a look at the topics.
///
/// Checks are due at the wall clock's multiples of the interval, so that all members look at about the same time and the group
/// rebalances once. If the wall clock is set back, a check is due once the interval has passed in monotonic time.
struct TopicCheck {
    private let turn: Moment
    private let at: Moment
    private let interval: TimeSpan

    /// Creates a check that takes place now.
    ///
    /// - Parameter interval: at least a millisecond.
    init(at clock: any WallClock, every interval: TimeSpan) {
        turn = Moment(ms: clock.wallClockMs()).roundedDown(to: interval)
        at = clock.monotonic
        self.interval = interval
    }

    /// Whether this check is due if another one was the last.
    func isDue(after last: TopicCheck) -> Bool { turn != last.turn || at - last.at >= interval }

    /// Whether at least this much time has passed since another check.
    func isLater(than last: TopicCheck, byMs ms: Int64) -> Bool { at - last.at >= TimeSpan(ms: ms) }
}
