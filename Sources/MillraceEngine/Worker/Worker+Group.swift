import Logging
import Millrace

/// How far a worker has followed its group.
///
/// Membership is Kafka's, assignment is ours: when the coordinator announces a generation, every member reads the list of
/// members and computes the same distribution of the tasks. The group's generation fences whoever gets it wrong.
struct GroupProgress {
    enum Phase {
        /// Not a member, or between two generations.
        case out
        /// The coordinator has announced a generation; the members are not known yet.
        case joining(coordinatorPartitions: [TopicPartition])
        /// The tasks are assigned.
        case active
    }

    var phase: Phase = .out
    /// The member id of the last generation in which tasks were assigned.
    var memberID: String?
    /// Partitions whose committed offsets their topics do not have any more, until others are committed.
    var outdated: Set<TopicPartition> = []
    /// Partitions whose committed offsets are those of another topic of the same name, until others are committed.
    var renewed: Set<TopicPartition> = []
    /// The topics that this worker has asked for; `nil` before it has.
    var subscription: Set<String>?
    /// What this worker knows to be committed of the partitions of its tasks.
    var committed: [TopicPartition: CommittedOffset] = [:]
    /// Whether a member that is no worker of this application was in the group while this one was.
    var hasSeenForeignMember = false
    /// The tasks of which this member is to have standbys.
    var standbys: [TaskID] = []
    /// The topics that have to be there before this worker joins the group again.
    var awaitedTopics: [String] = []
    /// Topics that are others than those which this worker has read under the same names, until reading begins anew.
    var renewedTopics: Set<String> = []
    /// The ids of the topics that are read, as far as they are known.
    var topicIDs: [String: String] = [:]
    /// Whether something says that a topic may be gone.
    var mayMissTopics = false

    /// Whether what is committed of a partition says nothing about where to begin.
    func isOutdated(_ partition: TopicPartition) -> Bool {
        outdated.contains(partition) || isRenewed(partition)
    }

    func isRenewed(_ partition: TopicPartition) -> Bool {
        renewed.contains(partition) || renewedTopics.contains(partition.topic)
    }

    /// Notes that reading has begun of all partitions of this worker.
    mutating func noteBeginning(of partitions: [TopicPartition]) {
        renewed = Set(partitions.filter(isRenewed))
        outdated.formIntersection(partitions)
        renewedTopics = []
    }

    mutating func noteCommit(of offsets: [TopicPartition: CommittedOffset]) {
        committed.merge(offsets) { $1 }
        renewed.subtract(offsets.keys)
        outdated.subtract(offsets.keys)
    }

    var isActive: Bool { if case .active = phase { true } else { false } }
    var isWaiting: Bool { if case .joining = phase { true } else { false } }
}

extension Worker {
    func beginGeneration(_ partitions: [TopicPartition]) {
        group.phase = .joining(coordinatorPartitions: partitions)
    }

    /// Commits what is done and stops reading. The stores stay open, for most tasks usually come back.
    func endGeneration(lost: Bool) throws {
        if lost {
            logger.warning("the group gave this member's partitions away; what was not committed is dropped")
            closeTasksUncommitted()
        } else {
            do {
                try commit()
            } catch let error as PortError where error.kind != .fatal && error.kind != .fenced {
                logger.warning("could not commit before the rebalance; its records will be processed again: \(error)")
                closeTasksUncommitted()
            }
        }
        // In a generation that this member has not taken part in, others may have taken its tasks further.
        let hasMissedGeneration = !group.isActive
        try closeTasks { task in hasMissedGeneration || self.restorer.isRestoring(task) }
        for task in tasks.all { task.clearInput() }
        tasks.removeSlots()
        group.phase = .out
        try ports.consumer.assign([])
    }

    /// Computes this member's tasks as soon as the group's members are known.
    func joinIfKnown() throws {
        guard case .joining(let partitions) = group.phase else { return }
        guard let description = try ports.admin.describeGroup(configuration.applicationID) else {
            guard try followTopics(nil) else { return }
            try activate(try TaskAssignor.tasks(coveredBy: partitions, in: plan), standbys: [])
            ports.localStores?.setPlacement(TaskPlacement())
            return
        }
        let memberID = ports.consumer.memberID()
        guard description.isStable, let memberID, description.members.contains(where: { $0.memberID == memberID })
        else {
            // The next rebalance is under way already; librdkafka looks for it only once this assignment is answered.
            return try endGeneration(lost: false)
        }
        let members = try members(of: description)
        guard try followTopics(description.partitionCounts) else { return }
        let assignor = TaskAssignor(plan.tasks, members.workers)
        let active = assignor.active()
        let standbys = standbys(by: assignor)
        try activate(
            active[memberID] ?? [],
            standbys: plan.tasks.filter { standbys[$0]?.contains { $0.memberID == memberID } ?? false })
        var placement = TaskPlacement()
        for member in members.workers {
            for task in active[member.memberID] ?? [] { placement.owners[task] = .some(member.address) }
        }
        placement.standbys = standbys.mapValues { $0.map(\.address) }
        ports.localStores?.setPlacement(placement)
    }

    /// Opens and closes tasks until they are the given ones, and reads their partitions from the committed offsets.
    private func activate(_ ids: [TaskID], standbys standbyIDs: [TaskID]) throws {
        let partitions = ids.flatMap { plan.inputs[$0] ?? [] }
        var committed = try ports.consumer.committed(partitions)
        for partition in partitions where group.isOutdated(partition) { committed[partition] = nil }
        try closeTasks { task in
            !ids.contains(task.id) || self.isNewMember || !Set(task.partitions).isSubset(of: partitions)
        }
        let stored = committed
        committed = try withoutForeignOffsets(stored)
        let starts = try startOffsets(of: partitions.filter { committed[$0] == nil })
        group.committed = committed
        closeStandbys { !ids.contains($0) && !standbyIDs.contains($0) }
        try prepareToOpen(ids + standbyIDs)
        for id in ids {
            if let task = tasks[id] {
                // Topics that match a pattern may have come.
                for partition in plan.inputs[id] ?? [] { try task.addInput(partition) }
                continue
            }
            let wasStandby = standbys[id] != nil
            let task = try open(id)
            tasks.insert(task)
            if let localStores = ports.localStores { task.state.announce(to: localStores) }
            if wasStandby, configuration.sabotage.contains(.promoteAsItStands) { continue }
            restorer.add(task, committed: committed)
        }
        group.standbys = standbyIDs
        try openMissingStandbys()
        tasks.removeSlots()
        var assignments: [PartitionAssignment] = []
        for id in ids {
            guard let task = tasks[id] else { continue }
            for slot in tasks.addSlots(of: task) {
                let partition = tasks.slots[slot].partition
                let offset = committed[partition]
                if let offset {
                    task.resume(partition, at: offset.offset)
                    if !configuration.sabotage.contains(.forgetTimes) {
                        task.restoreTime(of: partition, metadata: offset.metadata)
                    }
                    // What somebody else has put over it is put right with the next commit.
                    if stored[partition] != offset { task.begin(partition, at: offset.offset) }
                } else if let start = starts[partition] {
                    task.begin(partition, at: start)
                }
                assignments.append(
                    PartitionAssignment(partition: partition, slot: slot, offset: offset?.offset ?? starts[partition]))
            }
        }
        try ports.consumer.assign(assignments)
        group.noteBeginning(of: partitions)
        try pauseRestoring()
        group.phase = .active
        group.memberID = ports.consumer.memberID()
        logger.info("assigned", metadata: ["tasks": "\(ids.map(\.description).joined(separator: " "))"])
    }

    /// Whether this member was out of the group since it had its tasks last, so that others may have written to their stores.
    private var isNewMember: Bool {
        group.memberID != ports.consumer.memberID() && !configuration.sabotage.contains(.keepStateOfZombie)
    }

    private func pauseRestoring() throws(PortError) {
        let waiting = tasks.pause { restorer.isRestoring($0.task) }
        if !waiting.isEmpty { try ports.consumer.pause(waiting) }
    }

    /// Opens a task, with the stores that it has as a standby if it is one.
    private func open(_ id: TaskID) throws -> StreamTask {
        do {
            let state = try takeStandby(id) ?? makeState(id)
            return try StreamTask(
                state, topology: topology, nodes: topology.subtopologies[id.subtopology].nodes,
                globalStores: ports.globalStores, partitions: plan.inputs[id] ?? [])
        } catch let error as StreamsError where error.code == .locked {
            // Another worker of this process is about to close it.
            throw PortError(.retriable, error.description)
        }
    }

    func makeState(_ id: TaskID) throws -> TaskState {
        let stores = topology.subtopologies[id.subtopology].stores
        let storeCount = max(1, plan.tasks.count * max(1, stores.count))
        var settings = TaskConfiguration(
            applicationID: configuration.applicationID, handlers: configuration.handlers,
            maxStoreBufferSizeInBytes: max(1 << 20, configuration.stateCacheSizeInBytes / storeCount),
            maxCacheSizeInBytes: configuration.stateCacheSizeInBytes / 4 / storeCount)
        settings.skipsRefusedChanges = configuration.sabotage.contains(.skipRefusedChanges)
        let isUnbounded = configuration.sabotage.contains(.longOffsetMetadata)
        settings.maxOffsetMetadataLength = isUnbounded ? .max : configuration.maxOffsetMetadataLength
        settings.partitionCounts = plan.repartitionCounts
        let state = try TaskState(
            id: id, stores: stores, keptTimes: topology.keptTimes(of: topology.subtopologies[id.subtopology].nodes),
            configuration: settings, producer: producer(), provider: ports.provider, clock: ports.clock, logger: logger)
        // What is left of a table's old topic is no part of the new one.
        for store in state.stores where store.changelog.map(group.isRenewed) ?? false {
            try state.wipe(store)
        }
        return state
    }

    /// Closes tasks whose changes are all committed, writing the stores down first.
    func closeTasks(where condition: (StreamTask) -> Bool = { _ in true }) throws {
        for task in openTasks.filter(condition) {
            try task.state.checkpoint(durably: true)
            restorer.remove(task)
            close(task)
        }
    }

    /// Closes all tasks as they are. Their stores stand at their last checkpoint; the changelog has the rest.
    func closeTasksUncommitted() {
        pendingCommit = nil
        abort()
        for task in openTasks {
            restorer.remove(task)
            close(task)
        }
        tasks.removeSlots()
        // They would write to a producer that is gone.
        if currentProducer == nil { closeStandbys() }
    }

    private func abort() {
        if configuration.guarantee == .atLeastOnce {
            // What is still queued will be processed again. Sent late, it would go over what others have written since.
            return dropProducer()
        }
        guard isInTransaction else { return }
        do {
            try currentProducer?.abortTransaction()
            isInTransaction = false
        } catch {
            logger.warning("could not abort; a new producer's start will: \(error)")
            dropProducer()
        }
    }

    private func close(_ task: StreamTask) {
        count(task.state)
        status.countsByTask[task.id] = nil
        task.close()
        tasks.remove(task)
    }
}
