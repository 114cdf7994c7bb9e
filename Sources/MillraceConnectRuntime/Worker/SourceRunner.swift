import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime

/// The thread of a source's task. Reads and commits block, so each task has one.
final class SourceRunner: Sendable {
    let control: TaskControl
    private let part: String
    private let source: any SourceConnector
    private let makeTask: @Sendable () -> SourceTask
    private let topics: WrittenTopics
    private let clock: any WallClock & Sendable
    private let logger: Logger

    /// The time that a step may wait for the source.
    private static let waitMs = 200

    init(
        _ id: SourceTaskID, of source: any SourceConnector, order: TaskControl.Order, topics: WrittenTopics,
        clock: any WallClock & Sendable, logger: Logger, makeTask: @escaping @Sendable () -> SourceTask
    ) {
        part = id.partition
        self.source = source
        self.makeTask = makeTask
        self.topics = topics
        self.clock = clock
        control = TaskControl(id.partition, order)
        var logger = logger
        logger[metadataKey: "task"] = "\(id)"
        self.logger = logger
    }

    func start() throws {
        try startThread(named: "connect-source") {
            self.run()
            self.control.end()
        }
    }

    private func run() {
        var task: SourceTask?
        var delay = RetryDelay()
        control.follow {
            let current = task ?? begin()
            task = current
            return step(current, &delay)
        } finish: {
            finish(&task)
            delay.reset()
        } pause: {
            lookAtBacklog()
        }
    }

    private func begin() -> SourceTask {
        control.update { $0.state = .running }
        return makeTask()
    }

    /// Makes a step, and after a failure waits before the next one.
    ///
    /// - Returns: whether another step may succeed.
    private func step(_ task: SourceTask, _ delay: inout RetryDelay) -> Bool {
        let before = task.totals
        do {
            let start = clock.monotonic
            let hasWorked = try task.step(withinMs: Self.waitMs)
            if task.totals.commits != before.commits {
                delay.reset()
                topics.add(task.writtenTopics)
            }
            publish(task, since: before)
            // A source that did not wait would be asked again and again until the next commit is due.
            if !hasWorked, clock.monotonic - start < TimeSpan(ms: 5) { control.wait(milliseconds: 5) }
            return true
        } catch {
            let mayPass = task.recover(from: error)
            publish(task, since: before)
            control.note(error, mayPass: mayPass, &delay, logger)
            return mayPass
        }
    }

    private func publish(_ task: SourceTask, since before: SourceTask.Totals) {
        let losses = task.takeLosses()
        for loss in losses { logger.warning("records are lost: \(loss.sentence)") }
        let totals = task.totals
        guard totals != before || task.isReading else { return }
        let now = clock.wallClockMs()
        control.update { status in
            status.records += totals.records - before.records
            status.sizeInBytes += totals.sizeInBytes - before.sizeInBytes
            status.commits += totals.commits - before.commits
            status.add(losses, atMs: now)
            if let backlog = task.backlog {
                (status.unread, status.trimMargin) = (backlog.recordCount, backlog.trimMargin)
            }
            if totals.records != before.records { status.lastRecordMs = now }
            status.position = task.committed?.rawValue
            status.trouble = nil
        }
    }

    /// Looks at a source that nobody reads: it may trim all the same.
    private func lookAtBacklog() {
        guard let position = control.status.position else { return }
        do {
            let backlog = try source.backlog(of: part, after: SourcePosition(rawValue: position))
            control.update { status in
                (status.unread, status.trimMargin) = (backlog?.recordCount, backlog?.trimMargin)
                status.trouble = nil
            }
        } catch { control.update { $0.trouble = "\(error)" } }
    }

    /// Commits what was read, and closes.
    private func finish(_ task: inout SourceTask?) {
        guard let ending = task else { return }
        task = nil
        let before = ending.totals
        do { try ending.finish() } catch {
            logger.warning("what was read last is read again by the next task: \(error)")
        }
        publish(ending, since: before)
        ending.close()
    }
}
