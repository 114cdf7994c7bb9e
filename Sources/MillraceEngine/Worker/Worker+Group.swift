import Logging
import Millrace

/// The part of a worker that follows its group: it computes its tasks in a generation, and performs the actions of ``Membership``.
extension Worker {
    /// Takes over this member's tasks as soon as the group's members are known.
    func joinIfKnown() throws {
        guard membership.state == .joining, let partitions = membership.partitions else { return }
        guard let description = try ports.admin.describeGroup(configuration.applicationID) else {
            guard try followTopics(nil) else { return }
            try join(tasks: try TaskAssignor.tasks(coveredBy: partitions, in: topics.plan), standbys: [])
            ports.localStores?.setPlacement(TaskPlacement())
            return
        }
        let memberID = ports.consumer.memberID()
        guard description.isStable, let memberID, description.members.contains(where: { $0.memberID == memberID })
        else {
            // The next rebalance has begun already; librdkafka looks for it only once this assignment is answered.
            return try handle(.superseded)
        }
        let workers = try members.members(of: description, beside: topics.plan.subscription).workers
        report.record(foreignMembers: members.foreign)
        guard try followTopics(description.partitionCounts) else { return }
        let assignor = TaskAssignor(topics.plan.tasks, workers)
        let active = assignor.active()
        let standbys = assignor.standbys(of: tasksWithChangelogs, replicas: configuration.standbyReplicas)
        try join(
            tasks: active[memberID] ?? [],
            standbys: topics.plan.tasks.filter { standbys[$0]?.contains { $0.memberID == memberID } ?? false })
        var placement = TaskPlacement()
        for member in workers {
            for task in active[member.memberID] ?? [] { placement.owners[task] = .some(member.address) }
        }
        placement.standbys = standbys.mapValues { $0.map(\.address) }
        placement.addresses = Set(workers.compactMap(\.address))
        placement.countWithoutAddress = Set(workers.filter { $0.address == nil }.map(\.instance)).count
        ports.localStores?.setPlacement(placement)
    }

    /// Returns whether the generation's topics exist.
    private func followTopics(_ seen: [String: Int32]?) throws -> Bool {
        let exist = try topics.follow(seen)
        if !exist { try handle(.topicsMissing) }
        return exist
    }

    private var tasksWithChangelogs: [TaskID] {
        topics.plan.tasks.filter { id in
            context.topology.subtopologies[id.subtopology].stores.contains { $0.changelogTopic != nil }
        }
    }

    private func join(tasks ids: [TaskID], standbys: [TaskID]) throws {
        let wanted = Set(ids)
        var kept = isNewMember ? [] : tasks.all.filter { wanted.contains($0.id) && readsOnlyAssigned($0) }
        // Nothing is closed or opened before the start offsets are known.
        let starts = try starts(of: ids, kept: Set(kept.flatMap(\.partitions)))
        kept.removeAll { offsets.areOvertaken($0.partitions, by: starts.committed) }
        let distribution = Membership.Distribution(tasks: ids, standbys: standbys, kept: Set(kept.map(\.id)))
        offsets.recordStarts(starts.committed)
        try handle(.distributed(distribution), from: starts)
        try handle(.joined(memberID: ports.consumer.memberID()))
        logger.info("assigned", metadata: ["tasks": "\(ids.map(\.description).joined(separator: " "))"])
    }

    /// Whether this member has left the group since it last had its tasks, so that others may have written to their stores.
    private var isNewMember: Bool { membership.isNew(ports.consumer.memberID()) }

    /// Whether the partitions that an open task reads are all among those that it is to read.
    private func readsOnlyAssigned(_ task: StreamTask) -> Bool {
        Set(task.partitions).isSubset(of: topics.plan.inputs[task.id] ?? [])
    }

    // MARK: Actions

    /// Performs an action of the state machine.
    ///
    /// - Parameter starts: the start offsets of the partitions of tasks that are opened.
    func perform(_ action: Membership.Action, from starts: StartOffsets) throws {
        switch action {
        case .commitOrDrop: try commitOrDrop()
        case .drop: dropUncommitted()
        case .closeTasks(let kept): try closeTasks { !kept.contains($0.id) }
        case .closeRestoringTasks: try closeTasks(where: restorer.isRestoring)
        case .closeStandbys(let kept): standbys.close(except: kept)
        case .stopReading: stopReading()
        case .leave: leave()
        case .openTasks(let ids): try openTasks(ids, committed: starts.committed)
        case .openStandbys(let ids): try standbys.keep(ids)
        case .read(let ids): try read(ids, from: starts)
        }
    }

    /// Leaves the group even if the member is static: by giving up its subscription, not only by closing its client (KIP-345). If
    /// the broker does not answer in time, the tasks move when the member's session ends.
    func leaveForGood() {
        let deadline = context.now + TimeSpan(ms: 2_000)
        do {
            try ports.consumer.assign([])
            try ports.consumer.subscribe(to: [])
            var isRevoked = false
            while !isRevoked, ports.consumer.memberID() != nil, context.now < deadline {
                _ = try ports.consumer.poll(maxRecords: 1, timeoutMs: 50)
                isRevoked = !ports.consumer.takeMembershipEvents().isEmpty
            }
            // The answer to the revocation, after which the client tells the coordinator.
            try ports.consumer.assign([])
            _ = try ports.consumer.poll(maxRecords: 1, timeoutMs: 50)
        } catch {
            logger.debug("while leaving the group: \(error)")
        }
    }

    private func commitOrDrop() throws {
        do {
            try commit()
        } catch let error as PortError where error.kind != .fatal && error.kind != .fenced {
            logger.warning("could not commit before the rebalance; its records will be processed again: \(error)")
            dropUncommitted()
        }
    }

    /// Closes all tasks without a checkpoint. Their stores keep their last checkpoint; the changelog has the rest.
    func dropUncommitted() {
        let lost = tasks.all.filter(\.hasProgress)
        if !lost.isEmpty { report.measures.aborts += 1 }
        tracedAbort(of: lost)
        for task in tasks.all { close(task) }
        // The standbys would write to a producer that is gone.
        if !committer.hasProducer { standbys.close() }
    }

    /// Writes a checkpoint of tasks whose changes are all committed, and closes them.
    func closeTasks(where condition: (StreamTask) -> Bool = { _ in true }) throws {
        for task in tasks.all.filter(condition) {
            try task.state.checkpoint(durably: true)
            close(task)
        }
    }

    private func close(_ task: StreamTask) {
        restorer.remove(task)
        report.countLast(task.state)
        task.close()
        tasks.remove(task)
    }

    /// If this fails, records that still arrive find no task.
    private func stopReading() {
        for task in tasks.all { task.clearInput() }
        tasks.removeSlots()
        do { try ports.consumer.assign([]) } catch { logger.debug("while unassigning the partitions: \(error)") }
    }

    private func openTasks(_ ids: [TaskID], committed: [TopicPartition: CommittedOffset]) throws {
        let missing = ids.filter { tasks[$0] == nil }
        try factory.prepareToOpen(missing.filter { !standbys.contains($0) })
        for id in missing {
            let task = try factory.open(id, over: standbys.take(id))
            tasks.insert(task)
            if let localStores = ports.localStores { task.state.announce(to: localStores) }
            restorer.add(task, committed: committed)
        }
        // New topics may match a pattern.
        for task in tasks.all {
            for partition in topics.plan.inputs[task.id] ?? [] { try task.addInput(partition) }
        }
    }

    private func read(_ ids: [TaskID], from starts: StartOffsets) throws {
        tasks.addSlots()
        var assignments: [PartitionAssignment] = []
        for (number, slot) in tasks.slots.enumerated() {
            let (task, partition) = (slot.task, slot.partition)
            let committed = starts.committed[partition]
            if let committed {
                task.resume(partition, at: committed.offset)
                task.restoreTime(of: partition, metadata: committed.metadata)
                // The next commit corrects an offset that another member has overwritten.
                if starts.overwritten.contains(partition) { task.begin(partition, at: committed.offset) }
            } else if let start = starts.first[partition] {
                task.begin(partition, at: start)
            }
            assignments.append(
                PartitionAssignment(
                    partition: partition, slot: number, offset: committed?.offset ?? starts.first[partition]))
        }
        try ports.consumer.assign(assignments)
        offsets.recordBeginning(of: assignments.map(\.partition))
        let waiting = tasks.pause { restorer.isRestoring($0.task) || pause.isPaused($0.task) }
        if !waiting.isEmpty { try ports.consumer.pause(waiting) }
    }
}
