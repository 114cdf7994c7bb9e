import Logging
import Millrace

/// The part of a worker that reads its input and bounds how much it reads at a time.
extension Worker {
    func poll(maxWaitMs: Int) throws(PortError) -> PollResult {
        try ports.consumer.poll(maxRecords: configuration.maxRecordsPerStep, timeoutMs: timeToPoll(atMost: maxWaitMs))
    }

    /// Returns the longest wait for records.
    private func timeToPoll(atMost maxWaitMs: Int) -> Int {
        if isRetryDelayed || membership.state == .joining || membership.state == .unsubscribed {
            return min(maxWaitMs, 20)
        }
        guard isActive else { return maxWaitMs }
        let complete = completeTasks
        let mayProcess = complete.contains { tasks.isProcessable($0) && !pause.isPaused($0) }
        if !restorer.isIdle || standbys.hasMore || mayProcess { return 0 }
        var wait = TimeSpan(ms: Int64(standbys.isEmpty ? maxWaitMs : min(maxWaitMs, 100)))
        if let next = tasks.nextPunctuation(except: pause.isPaused) { wait = min(wait, next - context.now) }
        if complete.contains(where: \.hasProgress) { wait = min(wait, committer.timeToCommit) }
        return Int(max(.zero, wait).ms)
    }

    func receive(_ polled: PollResult) throws {
        if !polled.runs.isEmpty { report.clearTrouble() }
        tasks.add(polled.runs)
        var outOfRange: [Int] = []
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, let offset): tasks.recordEnd(ofSlot: slot, at: offset)
            case .topicUnavailable(let message):
                logger.warning("\(message)")
                topics.raiseDoubt()
            case .trouble(let message):
                if report.trouble != message { logger.warning("\(message)") }
                report.record(trouble: message)
            case .offsetOutOfRange(let slot): outOfRange.append(slot)
            }
        }
        for event in ports.consumer.takeMembershipEvents() {
            switch event {
            case .assigned(let partitions): try handle(.assigned(partitions))
            case .revoked: try handle(.revoked(isLost: false))
            case .lost:
                logger.warning("the group has given this member's partitions to others; uncommitted work is dropped")
                try handle(.revoked(isLost: true))
            }
        }
        if !outOfRange.isEmpty { try resetOffsets(ofSlots: outOfRange) }
        try pauseFilled()
    }

    /// Pauses partitions (back-pressure): one that waits for another one of its task must not fill the memory.
    private func pauseFilled() throws(PortError) {
        let full = tasks.pauseFilled { isFilled($0, beyond: 1) }
        if !full.isEmpty { try ports.consumer.pause(full) }
    }

    /// Pauses the partitions of tasks that the instance's user has paused since the last step, so that they do not fill the memory.
    ///
    /// Their end is not known any more. `resume` resumes the partitions of tasks that run again.
    func followPause() throws(PortError) {
        guard pause.follow() else { return }
        tasks.wakeAll()
        tasks.forgetEnds { pause.isPaused($0.task) }
        let paused = tasks.pause { pause.isPaused($0.task) }
        if !paused.isEmpty { try ports.consumer.pause(paused) }
    }

    func resume() throws(PortError) {
        let drained = tasks.resume {
            !restorer.isRestoring($0.task) && !pause.isPaused($0.task) && !isFilled($0, beyond: 2)
        }
        if !drained.isEmpty { try ports.consumer.resume(drained) }
    }

    /// Whether a partition's waiting records exceed a fraction of the limit.
    private func isFilled(_ slot: TaskRegistry.Slot, beyond divisor: Int) -> Bool {
        slot.task.bufferedCount(ofPartitionAt: slot.queueIndex) > configuration.maxBufferedRecordsPerPartition / divisor
            || slot.task.bufferedSizeInBytes(ofPartitionAt: slot.queueIndex)
                > configuration.maxBufferedSizeInBytesPerPartition / divisor
    }
}
