import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime

/// The thread of a sink in this process: a member of the sink's group, with all partitions that the group gives it.
final class SinkRunner: Sendable {
    let control: TaskControl
    private let connector: ConfiguredConnector
    private let sink: any SinkConnector
    private let group: String
    private let clientID: String
    private let ports: KafkaPorts
    private let logger: Logger

    private static let waitMs = 200

    init(
        _ connector: ConfiguredConnector, _ sink: any SinkConnector, group: String, clientID: String,
        order: TaskControl.Order, ports: KafkaPorts, logger: Logger
    ) {
        self.connector = connector
        self.sink = sink
        self.group = group
        self.clientID = clientID
        self.ports = ports
        self.logger = logger
        control = TaskControl(connector.name, order)
    }

    func start() throws {
        try startThread(named: "connect-sink") {
            self.run()
            self.control.end()
        }
    }

    private func run() {
        var running: RunningSinkTask?
        var delay = RetryDelay()
        control.follow {
            step(&running, &delay)
        } finish: {
            finish(&running)
            delay.reset()
        }
    }

    /// Makes a step, and after a failure waits before the next one.
    ///
    /// - Returns: whether another step may succeed.
    private func step(_ running: inout RunningSinkTask?, _ delay: inout RetryDelay) -> Bool {
        do {
            let current = try running ?? begin()
            running = current
            let commits = current.task.commitCount
            try current.member.step(withinMs: Self.waitMs)
            if current.task.commitCount != commits { delay.reset() }
            publish(current)
            return true
        } catch {
            let mayPass = running?.member.recover(from: error) ?? Self.mayPass(error)
            if !mayPass {
                running?.close()
                running = nil
            }
            control.note(error, mayPass: mayPass, &delay, logger)
            return mayPass
        }
    }

    private static func mayPass(_ error: any Error) -> Bool {
        guard let error = error as? PortError else { return false }
        return error.kind != .fatal && error.kind != .fenced
    }

    private func begin() throws -> RunningSinkTask {
        let member = try ports.makeMember(of: group, clientID: clientID)
        do { try member.subscribe(to: sink.topics) } catch {
            member.close()
            throw error
        }
        var settings = SinkTaskConfiguration(connector: connector.name)
        settings.deadLetterTopic = connector.deadLetterTopic
        settings.passesOverLostRecords = connector.passesOverLostRecords
        let task = SinkTask(
            of: sink, reader: member, ports: TaskClients(ports, clientID: clientID), configuration: settings)
        return RunningSinkTask(SinkMember(task: task, member: member))
    }

    private func publish(_ running: RunningSinkTask) {
        let now = ports.clock.wallClockMs()
        let growth = running.takeGrowth()
        let hasPartitions = running.member.partitionCount > 0
        let losses = running.task.takeLosses()
        for loss in losses { logger.warning("records are lost: \(loss.sentence)") }
        control.update { status in
            status.state = hasPartitions ? .running : .unassigned
            status.partitions = running.member.partitionCount
            status.records += growth.records
            status.sizeInBytes += growth.sizeInBytes
            status.commits += growth.commits
            status.refused += growth.refused
            status.add(losses, atMs: now)
            if growth.records > 0 { status.lastRecordMs = now }
            if growth.commits > 0 || hasPartitions && running.task.isWriting { status.trouble = nil }
        }
    }

    /// Commits what was written, and leaves the group.
    private func finish(_ running: inout RunningSinkTask?) {
        guard let ending = running else { return }
        running = nil
        do { try ending.task.revoke() } catch {
            logger.warning("what was written last is written again by the next member: \(error)")
        }
        publish(ending)
        ending.close()
    }
}

/// A sink's task in its group, and what has been told of it.
private final class RunningSinkTask {
    struct Growth {
        var records = 0
        var sizeInBytes = 0
        var commits = 0
        var refused = 0
    }

    let member: SinkMember
    var task: SinkTask { member.task }
    private var seen = Growth()

    init(_ member: SinkMember) { self.member = member }

    /// Returns what has been added since the last call.
    func takeGrowth() -> Growth {
        let letters = task.deadLetterCount
        let growth = Growth(
            records: task.committedCount - seen.records, sizeInBytes: task.committedSizeInBytes - seen.sizeInBytes,
            commits: task.commitCount - seen.commits,
            // A task that has recovered counts them anew.
            refused: letters < seen.refused ? letters : letters - seen.refused)
        seen = Growth(
            records: task.committedCount, sizeInBytes: task.committedSizeInBytes, commits: task.commitCount,
            refused: letters)
        return growth
    }

    func close() { task.close() }
}
