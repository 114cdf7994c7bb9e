import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime

/// The part of a worker that decides which tasks run in this process. One thread makes its steps.
///
/// All processes of a worker are members of one group, which says who they are and which connectors each has. The tasks of a connector
/// are shared by a group of its own, so that only those processes get some that have the connector.
final class ConnectCoordinator {
    private let configuration: ConnectConfiguration
    private let ports: KafkaPorts
    private let process: WorkerNames.Process
    private let logger: Logger
    private let topics: ConnectTopics
    private let membership: GroupMembership
    private let states: StatesTopic
    private let cluster: ClusterWatch
    private let connectors: [any RunningConnector]
    private var trouble: String?

    /// The time that a step may take if nothing happens.
    private static let waitMs = 100
    /// The longest wait for the tasks' last commits.
    private static let closeTimeout = TimeSpan(ms: 20_000)

    /// - Throws: `PortError`; `StreamsError` with code `.topic`; the system's refusal of a thread.
    init(_ configuration: ConnectConfiguration, ports: KafkaPorts, process: WorkerNames.Process, logger: Logger) throws
    {
        self.configuration = configuration
        self.ports = ports
        self.process = process
        self.logger = logger
        let admin = try ports.makeAdmin(clientID: process.clientID(.admin))
        topics = try ConnectTopics(configuration, admin)
        let names = configuration.names
        states = try StatesTopic(names.statesTopic, ports: ports, clientID: process.clientID(.states))
        let running = configuration.connectors.map { [topics] connector in
            Self.makeConnector(connector, configuration, topics, ports, process, logger)
        }
        connectors = running.map(\.connector)
        cluster = ClusterWatch(
            running.compactMap(\.watched), group: names.group, ports: ports, clientID: process.clientID(.watch),
            logger: logger)
        membership = try GroupMembership(
            of: names.group, over: names.positionsTopic, ports: ports,
            clientID: WorkerProcess.clientID(
                name: process.name, address: configuration.serverAddress,
                connectors: AnnouncedConnectors(configuration.connectors)), logger: logger)
        try cluster.start()
        for connector in connectors { try connector.start() }
    }

    /// Returns a connector that can be started, and the group whose lag is watched for it.
    private static func makeConnector(
        _ connector: ConfiguredConnector, _ configuration: ConnectConfiguration, _ topics: ConnectTopics,
        _ ports: KafkaPorts, _ process: WorkerNames.Process, _ logger: Logger
    ) -> (connector: any RunningConnector, watched: ClusterWatch.Watched?) {
        switch connector.connector {
        case .source(let source):
            let written = WrittenTopics(source.topics)
            let running = RunningSource(
                connector, source, written: written, configuration: configuration, topics: topics, ports: ports,
                process: process, logger: logger)
            let watched = connector.pauseAtLag.map { limit in
                ClusterWatch.Watched(
                    connector: connector.name, group: limit.group, threshold: limit.records, topics: written)
            }
            return (running, watched)
        case .sink(let sink):
            let group = configuration.names.group(of: connector.name)
            let running = RunningSink(
                connector, sink, group: group, clientID: process.clientID(of: connector.name), ports: ports,
                logger: logger)
            let watched = ClusterWatch.Watched(
                connector: connector.name, group: group, threshold: .max, topics: WrittenTopics(sink.topics))
            return (running, watched)
        }
    }

    // MARK: Steps

    /// Follows the group and the wanted states, and starts and stops tasks.
    ///
    /// - Throws: `PortError` if the process cannot be a member any more; the system's refusal of a thread.
    func step() throws {
        do throws(PortError) {
            try membership.follow(withinMs: Self.waitMs)
            for connector in connectors { try connector.followGroup() }
            for target in try states.poll(timeoutMs: 0) { restart(target) }
            trouble = nil
        } catch {
            if error.kind == .fenced || error.kind == .fatal { throw error }
            if trouble == nil { logger.warning("\(error)") }
            trouble = error.message
        }
        // Nothing starts before a pause of earlier days is known.
        guard states.isComplete else { return }
        for connector in connectors {
            try connector.follow(wanted: states.wanted, gate: cluster.gate(of: connector.name))
        }
    }

    private func restart(_ target: String) {
        for connector in connectors { connector.restart(target) }
    }

    // MARK: Orders and answers

    var status: [ConnectorStatus] {
        connectors.map { $0.status(gate: cluster.gate(of: $0.name), wanted: states.wanted) }
    }

    /// The worker's other processes; `nil` before the group has told them.
    var otherProcesses: [WorkerProcess]? { cluster.processes?.filter { $0.name != process.name } }

    /// The differences between the processes' connectors, each a sentence.
    var differences: [String] { cluster.differences }

    /// Writes down what somebody asks for, so that all processes follow it.
    ///
    /// - Throws: `PortError`.
    func order(_ order: ConnectorOrder, for target: String) throws(PortError) {
        let wish: WantedStates.Wish =
            switch order {
            case .pause: WantedStates.Wish(.paused)
            case .resume: WantedStates.Wish(.running)
            case .restart: WantedStates.Wish(states.wanted.state(of: target), isRestart: true)
            }
        try states.write(wish, for: target)
    }

    /// Stops the tasks, which commit first, and leaves the group.
    func close() {
        for connector in connectors { connector.stop() }
        cluster.stop()
        let deadline = ports.clock.monotonic + Self.closeTimeout
        while !connectors.allSatisfy(\.hasEnded) || !cluster.hasEnded {
            guard ports.clock.monotonic < deadline else {
                logger.warning(
                    "a connector does not answer; what it has not committed is read again by the next process")
                break
            }
            // The process stays in its groups until its last task has committed.
            try? membership.follow(withinMs: 20)
            for connector in connectors {
                try? connector.followGroup()
                connector.sweep()
            }
        }
        for connector in connectors { connector.leave() }
        membership.close()
        states.close()
    }
}

/// The orders of an operator.
package enum ConnectorOrder: String, Sendable, CaseIterable {
    case pause, resume, restart
}
