import Logging
import Millrace

/// Stores of tasks that other instances run, kept up to date from their changelogs, so that this instance can take a task over
/// without reading all of its state first. Kafka: `StandbyTask`.
///
/// What a standby holds is committed in any case, whoever is active: it outlives rebalances and aborts, and is closed only when
/// it is another member's.
extension Worker {
    /// Who is to have standbys of which tasks.
    func standbys(by assignor: TaskAssignor) -> [TaskID: [GroupMember]] {
        let logged = plan.tasks.filter { id in
            topology.subtopologies[id.subtopology].stores.contains { $0.changelogTopic != nil }
        }
        return assignor.standbys(of: logged, replicas: configuration.standbyReplicas)
    }

    /// Opens the standbys that are missing. One that another worker of this process is about to close comes later.
    func openMissingStandbys() throws {
        for id in group.standbys where standbys[id] == nil {
            do {
                let state = try makeState(id)
                standbys[id] = state
                if let localStores = ports.localStores { state.announce(to: localStores, isStandby: true) }
                standbyReader.add(state)
                logger.info("standing by", metadata: ["task": "\(id)"])
            } catch let error as StreamsError where error.code == .locked {
                logger.debug("a standby of task \(id) has to wait: \(error)")
            }
        }
    }

    /// Keeps the standbys up to date. What the broker refuses them is tried again with back-off, while the active tasks go on.
    func keepStandbys() throws {
        guard group.isActive, !group.standbys.isEmpty || standbyReader.hasWork,
            !standbyRetry.isWaiting(at: ports.clock.monotonic)
        else { return }
        do {
            try updateStandbys()
            standbyRetry.succeeded()
        } catch let error as PortError {
            if !standbyRetry.hasFailed {
                logger.warning("the standbys cannot be kept up to date; trying again: \(error)")
            }
            standbyRetry.failed(at: ports.clock.monotonic)
            doubtChangelogs()
        }
    }

    /// Opens what is missing, and asks now and then what the active tasks have committed.
    private func updateStandbys() throws {
        if standbys.count < group.standbys.count {
            try openMissingStandbys()
        }
        // Those who wait for their stores go first.
        if restorer.isIdle { try standbyReader.step(maxRecords: configuration.maxRecordsPerStep) }
        if standbyReader.hasTrouble { doubtChangelogs() }
        guard standbyChecks.takeTurn(at: ports.clock.monotonic) else { return }
        let asked = openStandbys.filter { $0.stores.contains(where: \.followsActiveTask) }
        guard !asked.isEmpty, var committed = committedInputs(of: asked) else { return }
        for state in asked {
            for partition in plan.inputs[state.id] ?? [] {
                guard let metadata = committed[partition]?.metadata else { continue }
                state.noteProgress(of: metadata)
            }
        }
        if configuration.sabotage.contains(.readAheadOfActive) {
            for partition in committed.keys { committed[partition]?.offset = .max }
        }
        try standbyReader.noteCommitted(committed)
    }

    /// What active tasks have committed; `nil` where that is not answered in time, and so is asked again.
    private func committedInputs(of standbys: [TaskState]) -> [TopicPartition: CommittedOffset]? {
        do {
            return try ports.consumer.committed(
                standbys.flatMap { plan.inputs[$0.id] ?? [] }, withinMs: Self.longestStandbyCheckMs)
        } catch {
            logger.debug("could not ask what the active tasks have committed: \(error)")
            return nil
        }
    }

    /// For so long the worker's own tasks may be kept waiting by it.
    private static var longestStandbyCheckMs: Int { 50 }

    /// Gives a standby's stores to the active task that it becomes; `nil` where there is none.
    func takeStandby(_ id: TaskID) -> TaskState? {
        guard let state = standbys.removeValue(forKey: id) else { return nil }
        count(state)
        standbyReader.remove(state)
        return state
    }

    /// Closes standbys, writing down what they hold.
    func closeStandbys(where condition: (TaskID) -> Bool = { _ in true }) {
        for (id, state) in standbys.sorted(by: { $0.key < $1.key }) where condition(id) {
            standbyReader.remove(state)
            do {
                try state.checkpoint(durably: true)
            } catch {
                logger.warning("could not write a standby of task \(id) down; it will be read again: \(error)")
            }
            count(state)
            status.countsByTask[id] = nil
            state.close()
            standbys[id] = nil
        }
    }
}
