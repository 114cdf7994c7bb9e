import Logging
import Millrace

/// Topics that change while a worker runs: partitions are added, topics that match a pattern come and go, topics are deleted and
/// created again.
///
/// Each member looks for itself, and joins the group anew where the topics are not those of its tasks, by which the group
/// rebalances. What a generation is about must not be each member's own view: two that see different topics would assign the
/// tasks differently. So it is the leader's, as its assignment tells; that is part of what every member reads when it asks for
/// the members.
extension Worker {
    /// Asks for a place in the group, or for none where there is nothing to read.
    func subscribe(to topics: Set<String>) throws(PortError) {
        try ports.consumer.subscribe(to: topics.sorted())
        group.subscription = topics
    }

    // MARK: This member's view

    /// Compares the topics with those of the tasks, if it is time to look.
    func lookForTopicsIfDue() throws {
        guard !group.isWaiting else { return }
        let check = TopicCheck(at: ports.clock, every: TimeSpan(ms: configuration.topicCheckIntervalMs))
        let isAwaited = !group.awaitedTopics.isEmpty && check.isLater(than: topicCheck, byMs: Self.awaitedTopicCheckMs)
        guard check.isDue(after: topicCheck) || group.mayMissTopics || isAwaited else { return }
        try lookForTopics()
        topicCheck = check
    }

    /// How often a topic is looked for that the worker waits for.
    private static var awaitedTopicCheckMs: Int64 { 500 }

    /// Does what the topics as they are now call for. Returns whether they are others than those of the tasks.
    @discardableResult
    func lookForTopics() throws -> Bool {
        let required = topology.taskTopics
        let matched =
            hasSourcePatterns
            ? try InternalTopics.matchedTopics(
                of: topology, applicationID: configuration.applicationID, admin: ports.admin) : []
        let own = plan.internalTopics.map(\.name)
        let counts = try ports.admin.partitionCounts(of: required + matched + own)
        var present = SourceTopics(counts: counts.filter { required.contains($0.key) || matched.contains($0.key) })
        present.ids = try ports.admin.topicIDs(of: present.counts.keys.sorted())
        group.mayMissTopics = false
        if !group.awaitedTopics.isEmpty { return try goOnIfThere(present) }
        let assigned = SourceTopics(counts: plan.sourceTopics, ids: group.topicIDs)
        let change = TopicChange(
            from: assigned, to: present, required: required, renewed: try topicsWithoutOffsets(present))
        switch change {
        case .missing(let topics): try topicsAreMissing(topics)
        case .recreated where configuration.sabotage.contains(.offsetsOfOldTopic): break
        case .recreated(let topics): readAnew(topics, present)
        case .none, .changed:
            let known = doubtMissingChangelogs(among: counts)
            let problems = InternalTopics.countProblems(of: plan, counts: known)
            guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
            group.topicIDs.merge(present.ids) { known, _ in known }
            try subscribeAnew(to: Set(plan.subscription).subtracting(plan.matchedTopics.keys).union(matched), change)
        }
        return change != .none
    }

    /// A broker may not know a changelog for a moment: those that it misses are left to a second look. Returns the counts as
    /// if they were there.
    private func doubtMissingChangelogs(among counts: [String: Int32]) -> [String: Int32] {
        let missing = plan.internalTopics.filter { counts[$0.name] == nil && store(ofChangelog: $0.name) != nil }
        if !missing.isEmpty { doubtChangelogs() }
        return counts.merging(missing.map { ($0.name, $0.partitions) }) { present, _ in present }
    }

    private func subscribeAnew(to wanted: Set<String>, _ change: TopicChange) throws {
        // A static member that comes back is given its old place, whatever it subscribes to by now. There the leader has to
        // join anew for the group to rebalance.
        let isOutdated = group.isActive && change != .none
        guard wanted != group.subscription || isOutdated else { return }
        if case .changed(let topics) = change {
            logger.info("topics have changed: \(topics.joined(separator: ", ")); joining the group anew")
        }
        try subscribe(to: wanted)
    }

    /// The topics of which the group has lost offsets that this worker knows to have been committed: the broker deletes them with
    /// their topic. Asked where no ids tell that a topic is another one.
    private func topicsWithoutOffsets(_ present: SourceTopics) throws -> Set<String> {
        guard group.isActive else { return [] }
        let known = group.committed.keys.filter { present.counts[$0.topic] != nil && present.ids[$0.topic] == nil }
        if known.isEmpty { return [] }
        do {
            let found = try ports.consumer.committed(known.sorted(), withinMs: 1_000)
            return Set(known.filter { found[$0] == nil }.map(\.topic))
        } catch {
            logger.debug("could not ask whether the committed offsets are still there: \(error)")
            return []
        }
    }

    // MARK: Topics that are gone, and others of their name

    /// Ends the worker, or has it wait outside the group.
    ///
    /// - Throws: `StreamsError` with code `.topic` that names the topics, unless the configuration says to wait.
    private func topicsAreMissing(_ topics: [String]) throws {
        let list = topics.joined(separator: ", ")
        let message =
            "\(topics.count == 1 ? "topic \(list), which is read, does" : "topics \(list), which are read, do") not exist"
        guard configuration.waitsForTopics else {
            throw StreamsError(
                .topic, "\(message): deleted while the application runs. Create what is missing, then start again")
        }
        logger.warning("\(message); waiting outside the group until it does")
        group.awaitedTopics = topics
        group.renewedTopics.formUnion(topics)
        for topic in topics { group.topicIDs[topic] = nil }
        closeTasksUncommitted()
        closeStandbys()
        group.phase = .out
        stopReading()
        try subscribe(to: [])
        status.trouble = "\(message); waiting for it"
    }

    /// Joins the group again as soon as all topics are there.
    private func goOnIfThere(_ present: SourceTopics) throws -> Bool {
        let missing = topology.taskTopics.filter { present.counts[$0] == nil }.sorted()
        group.awaitedTopics = missing
        group.renewedTopics.formUnion(missing)
        guard missing.isEmpty else { return true }
        plan = try InternalTopics.prepare(
            topology, applicationID: configuration.applicationID, replicationFactor: configuration.replicationFactor,
            admin: ports.admin)
        group.topicIDs = present.ids
        ports.localStores?.setInputs(plan.inputs)
        logger.info("all topics are there; joining the group again")
        status.trouble = nil
        try subscribe(to: Set(plan.subscription))
        return true
    }

    /// Reads topics from their beginning that were deleted and created again. What is not committed is dropped: its offsets are
    /// those of the old topics.
    private func readAnew(_ topics: [String], _ present: SourceTopics) {
        logger.warning(
            "topics were deleted and created again: \(topics.joined(separator: ", ")); reading them from their beginning"
        )
        group.renewedTopics.formUnion(topics)
        for topic in topics { group.topicIDs[topic] = present.ids[topic] }
        // In a generation that is not known yet they are outdated all the same.
        guard group.isActive else { return }
        closeStandbys()
        startOver()
    }

    // MARK: The group's view

    /// Plans for the topics of a generation, where they are others than those of the last one, and tells those who query.
    ///
    /// - Parameter seen: the partition counts in the leader's view; `nil` where it is not known, for this member's own.
    /// - Returns: whether the generation has what it takes; otherwise this worker has left it.
    func followTopics(_ seen: [String: Int32]?) throws -> Bool {
        guard group.awaitedTopics.isEmpty else {
            try endGeneration(lost: true)
            return false
        }
        defer { ports.localStores?.setInputs(plan.inputs) }
        let view = try view(of: seen)
        // Nobody was given anything: the next look says why.
        if view.isEmpty, !plan.sourceTopics.isEmpty, !topology.taskTopics.isEmpty {
            group.mayMissTopics = true
            return true
        }
        let generation = try GenerationTopics(
            seen: view, planned: plan.sourceTopics, required: topology.taskTopics,
            present: { try ports.admin.partitionCounts(of: $0) })
        switch generation {
        case .missing(let topics):
            try topicsAreMissing(topics)
            return false
        case .leaderIsBehind(let topics):
            throw PortError(
                .staleGeneration,
                "the group's leader does not see all of \(topics.joined(separator: ", ")) yet")
        case .these(let counts):
            if counts != plan.sourceTopics { try plan(for: counts) }
            try noteTopicIDs()
            return true
        }
    }

    /// Before any offset is asked for: from then on another id means that offsets are those of another topic.
    private func noteTopicIDs() throws {
        let unknown = plan.sourceTopics.keys.filter { group.topicIDs[$0] == nil }.sorted()
        group.topicIDs.merge(try ports.admin.topicIDs(of: unknown)) { known, _ in known }
    }

    /// The topics of the leader's view that tasks read.
    private func view(of seen: [String: Int32]?) throws -> [String: Int32] {
        let leaders = configuration.sabotage.contains(.ownViewOfTopics) ? nil : seen
        let view = try leaders ?? ports.admin.partitionCounts(of: Array(group.subscription ?? []))
        let read = topology.taskTopics.union(topology.topics(matchedIn: view.keys, configuration.applicationID))
        var counts = view.filter { read.contains($0.key) }
        if configuration.sabotage.contains(.firstPartitionCounts) {
            for topic in topology.taskTopics { counts[topic] = plan.sourceTopics[topic] }
        }
        return counts
    }

    private func plan(for counts: [String: Int32]) throws {
        let before = plan.sourceTopics
        do {
            plan = try InternalTopics.prepare(
                topology, applicationID: configuration.applicationID,
                replicationFactor: configuration.replicationFactor, sources: counts, admin: ports.admin)
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
        for (topic, count) in counts where count < before[topic] ?? 0 { group.renewedTopics.insert(topic) }
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
