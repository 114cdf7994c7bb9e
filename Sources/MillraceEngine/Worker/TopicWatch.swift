import Logging
import Millrace

/// The topics of a worker, which can change while it runs: partitions are added, topics that match a pattern come and go, topics
/// are deleted and created again.
///
/// Each member looks for itself, and joins the group anew where the topics are not those of its tasks, by which the group
/// rebalances. What a generation is about must not be each member's own view: two that see different topics would assign the
/// tasks differently. So it is the leader's, as its assignment tells; that is part of what every member reads when it asks for
/// the members.
final class TopicWatch {
    private let context: WorkerContext
    private let offsets: InputOffsets
    /// Changes with the topics.
    private(set) var plan: TopicPlan
    /// The topics that have to be there before this worker joins the group again.
    private(set) var awaited: [String] = []
    /// The topics to subscribe to.
    private(set) var subscription: Set<String>
    /// The ids of the topics that are read, as far as they are known.
    private var ids: [String: String] = [:]
    /// Whether something says that a topic may be gone.
    private var mayMissTopics = false
    private var lastCheck: TopicCheck

    /// What a look at the topics has shown.
    enum News: Equatable {
        /// They are those of the tasks.
        case none
        /// They are others than those of the tasks: the group has to rebalance.
        case changed([String])
        /// They were deleted and created again.
        case recreated
        /// They are gone, as the message says.
        case missing(String)
        /// Those that were awaited are all there.
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

    // MARK: This member's view

    /// Has the topics be looked at soon: something says that one may be gone.
    func raiseDoubt() { mayMissTopics = true }

    /// Compares the topics with those of the tasks, if it is time to look; `nil` if it is not.
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

    /// How often a topic is looked for that the worker waits for.
    private static var awaitedCheckMs: Int64 { 500 }

    /// A look at the topics.
    struct Look {
        var news: News
        /// Changelogs that the broker does not know, which it may do for a moment.
        var hasMissingChangelogs = false
    }

    /// Compares the topics with those of the tasks.
    ///
    /// - Parameter lost: which of some partitions have no committed offset any more although this worker knows one; asked where
    ///   no ids tell that a topic is another one.
    /// - Throws: `StreamsError` with code `.topic` where the application's own topics do not fit any more.
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
        if !awaited.isEmpty { return Look(news: try lookForAwaited(present)) }
        // The broker deletes committed offsets with their topic.
        let doubtful = offsets.committed.keys.filter { present.counts[$0.topic] != nil && present.ids[$0.topic] == nil }
        let renewed = doubtful.isEmpty ? [] : Set(try lost(doubtful.sorted()).map(\.topic))
        let assigned = SourceTopics(counts: plan.sourceTopics, ids: ids)
        switch TopicChange(from: assigned, to: present, required: required, renewed: renewed) {
        case .missing(let topics): return Look(news: .missing(try wait(for: topics)))
        case .recreated(let topics):
            noteRecreated(topics, present)
            return Look(news: .recreated)
        case .changed(let topics): return try follow(present, counts, matched, .changed(topics))
        case .none: return try follow(present, counts, matched, .none)
        }
    }

    /// Takes over what has changed as far as that does not need the group.
    private func follow(
        _ present: SourceTopics, _ counts: [String: Int32], _ matched: [String], _ news: News
    ) throws -> Look {
        // A broker may not know a changelog for a moment: those that it misses are left to a second look.
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
        return Look(news: news, hasMissingChangelogs: !missing.isEmpty)
    }

    // MARK: Topics that are gone, and others of their name

    /// Ends the worker, or has it wait outside the group. Returns what to say about it.
    ///
    /// - Throws: `StreamsError` with code `.topic` that names the topics, unless the configuration says to wait.
    private func wait(for topics: [String]) throws -> String {
        let list = topics.joined(separator: ", ")
        let message =
            "\(topics.count == 1 ? "topic \(list), which is read, does" : "topics \(list), which are read, do") not exist"
        guard configuration.waitsForTopics else {
            throw StreamsError(
                .topic, "\(message): deleted while the application runs. Create what is missing, then start again")
        }
        logger.warning("\(message); waiting outside the group until it does")
        awaited = topics
        subscription = []
        offsets.noteRenewed(topics)
        for topic in topics { ids[topic] = nil }
        return "\(message); waiting for it"
    }

    private func lookForAwaited(_ present: SourceTopics) throws -> News {
        let missing = topology.taskTopics.filter { present.counts[$0] == nil }.sorted()
        awaited = missing
        offsets.noteRenewed(missing)
        guard missing.isEmpty else { return .none }
        plan = try InternalTopics.prepare(
            topology, applicationID: configuration.applicationID, replicationFactor: configuration.replicationFactor,
            admin: admin)
        ids = present.ids
        subscription = Set(plan.subscription)
        context.ports.localStores?.setInputs(plan.inputs)
        logger.info("all topics are there; joining the group again")
        return .found
    }

    private func noteRecreated(_ topics: [String], _ present: SourceTopics) {
        logger.warning(
            "topics were deleted and created again: \(topics.joined(separator: ", ")); reading them from their beginning"
        )
        offsets.noteRenewed(topics)
        for topic in topics { ids[topic] = present.ids[topic] }
    }

    // MARK: The group's view

    /// Plans for the topics of a generation, where they are others than those of the last one, and tells those who query.
    ///
    /// - Parameter seen: the partition counts in the leader's view; `nil` where it is not known, for this member's own.
    /// - Returns: why the generation cannot be joined; `nil` where it has what it takes.
    func follow(_ seen: [String: Int32]?) throws -> String? {
        defer { context.ports.localStores?.setInputs(plan.inputs) }
        let view = try view(of: seen)
        // Nobody was given anything: the next look says why.
        if view.isEmpty, !plan.sourceTopics.isEmpty, !topology.taskTopics.isEmpty {
            raiseDoubt()
            return nil
        }
        let generation = try GenerationTopics(
            seen: view, planned: plan.sourceTopics, required: topology.taskTopics,
            present: { try admin.partitionCounts(of: $0) })
        switch generation {
        case .missing(let topics): return try wait(for: topics)
        case .leaderIsBehind(let topics):
            throw PortError(
                .staleGeneration,
                "the group's leader does not see all of \(topics.joined(separator: ", ")) yet")
        case .these(let counts):
            if counts != plan.sourceTopics { try plan(for: counts) }
            try noteIDs()
            return nil
        }
    }

    /// Before any offset is asked for: from then on another id means that offsets are those of another topic.
    private func noteIDs() throws {
        let unknown = plan.sourceTopics.keys.filter { ids[$0] == nil }.sorted()
        ids.merge(try admin.topicIDs(of: unknown)) { known, _ in known }
    }

    /// The topics of the leader's view that tasks read.
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
        for (topic, count) in counts where count < before[topic] ?? 0 { offsets.noteRenewed([topic]) }
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

    /// Whether so much time has passed since another check.
    func isLater(than last: TopicCheck, byMs ms: Int64) -> Bool { at - last.at >= TimeSpan(ms: ms) }
}
