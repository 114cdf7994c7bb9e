import Millrace

/// The spans of a worker's polls, batches, commits and aborts.
extension Worker {
    func tracedPoll(maxWaitMs: Int) throws(PortError) -> PollResult {
        guard let trace = ports.trace else { return try poll(maxWaitMs: maxWaitMs) }
        let begun = trace.now
        let polled = try poll(maxWaitMs: maxWaitMs)
        let slots = Set(polled.runs.map(\.slot))
        trace.add(
            TracedWork(
                .poll, partitions: tasks.partitions(ofSlots: slots),
                recordCount: polled.runs.reduce(0) { $0 + $1.count }, begun: begun))
        return polled
    }

    /// Processes records of a task, and returns their number.
    func tracedProcess(_ task: StreamTask, atMost limit: Int) throws -> Int {
        guard let trace = ports.trace else { return try task.process(atMost: limit) }
        var batch = TracedWork(
            .process, partitions: task.partitions, task: task.id.description, begun: trace.now)
        let before = task.processedCount
        func end() {
            batch.recordCount = task.processedCount - before
            if batch.recordCount != 0 || batch.error != nil { trace.add(batch) }
        }
        do {
            let done = try task.process(atMost: limit)
            end()
            return done
        } catch {
            batch.error = error
            end()
            throw error
        }
    }

    /// Commits the tasks that have something to commit.
    func tracedCommit() throws -> Committer.Commit? {
        let tasks = completeTasks.filter(\.hasProgress)
        guard let trace = ports.trace else { return try committer.commit(tasks) }
        let begun = trace.now
        do {
            let commit = try committer.commit(tasks)
            if let commit {
                trace.add(TracedWork(.commit, partitions: commit.offsets.keys.sorted(), begun: begun))
            }
            return commit
        } catch {
            trace.add(TracedWork(.commit, partitions: tasks.flatMap(\.partitions).sorted(), begun: begun, error: error))
            throw error
        }
    }

    /// Drops everything that was sent since the last commit.
    func tracedAbort(of lost: [StreamTask]) {
        let begun = ports.trace?.now
        committer.abort()
        if let begun, !lost.isEmpty {
            ports.trace?.add(TracedWork(.abort, partitions: lost.flatMap(\.partitions).sorted(), begun: begun))
        }
    }
}
