import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime

/// A source in this process: the watch of its parts, and the tasks that belong to this process.
///
/// The processes that have the source are members of its group over the topic of positions. A task belongs to the process that has the
/// partition of its position.
final class RunningSource: RunningConnector {
    private let connector: ConfiguredConnector
    private let source: any SourceConnector
    private let written: WrittenTopics
    private let configuration: ConnectConfiguration
    private let topics: ConnectTopics
    private let ports: KafkaPorts
    private let process: WorkerNames.Process
    private let logger: Logger
    private let watch: PartWatch
    private var membership: GroupMembership?
    private var runners: [SourceTaskID: SourceRunner] = [:]

    init(
        _ connector: ConfiguredConnector, _ source: any SourceConnector, written: WrittenTopics,
        configuration: ConnectConfiguration, topics: ConnectTopics, ports: KafkaPorts, process: WorkerNames.Process,
        logger: Logger
    ) {
        self.connector = connector
        self.source = source
        self.written = written
        self.configuration = configuration
        self.topics = topics
        self.ports = ports
        self.process = process
        var logger = logger
        logger[metadataKey: "connector"] = "\(connector.name)"
        self.logger = logger
        watch = PartWatch(source, interval: configuration.partCheckInterval, logger: logger)
    }

    var name: String { connector.name }
    var hasEnded: Bool { watch.hasEnded && runners.isEmpty }

    func start() throws {
        membership = try GroupMembership(
            of: configuration.names.group(of: name), over: configuration.names.positionsTopic, ports: ports,
            clientID: process.clientID(of: name), logger: logger)
        try watch.start()
    }

    func followGroup() throws(PortError) { try membership?.follow(withinMs: 0) }

    func leave() {
        membership?.close()
        membership = nil
    }

    func follow(wanted: WantedStates, gate: LagGate?) throws {
        sweep()
        // A source that does not answer at the moment keeps its tasks.
        guard let parts = watch.answer.parts else { return }
        let ids = parts.map { SourceTaskID(connector: name, partition: $0) }
        let owned = membership?.partitions ?? []
        let ours = Set(ids.filter { owned.contains(topics.partition(of: $0)) })
        for (id, runner) in runners where !ours.contains(id) { runner.control.set(.stop) }
        for id in ours {
            let order: TaskControl.Order = wanted.state(of: id) == .paused || gate?.isOpen == false ? .pause : .run
            if let runner = runners[id] { runner.control.set(order) } else { try begin(id, order) }
        }
    }

    private func begin(_ id: SourceTaskID, _ order: TaskControl.Order) throws {
        var settings = SourceTaskConfiguration(
            transactionalID: configuration.names.transactionalID(of: id),
            positionsTopic: configuration.names.positionsTopic,
            positionsPartition: topics.partition(of: id))
        settings.commitIntervalMs = 100
        let (source, ports, clientID) = (source, ports, process.clientID(of: id))
        let runner = SourceRunner(id, of: source, order: order, topics: written, clock: ports.clock, logger: logger) {
            [settings] in
            SourceTask(
                id, of: source, ports: TaskClients(ports, clientID: clientID), configuration: settings)
        }
        try runner.start()
        runners[id] = runner
    }

    func restart(_ target: String) {
        if target == name { watch.restart() }
        for (id, runner) in runners where target == name || target == id.description { runner.control.restart() }
    }

    func sweep() { runners = runners.filter { !$0.value.control.hasEnded } }

    func stop() {
        watch.stop()
        for runner in runners.values { runner.control.set(.stop) }
    }

    func status(gate: LagGate?, wanted: WantedStates) -> ConnectorStatus {
        let answer = watch.answer
        let state: ConnectorState =
            answer.isFailed
            ? .failed : wanted.state(of: name) == .paused ? .paused : answer.parts == nil ? .unassigned : .running
        var status = ConnectorStatus(
            name: name, type: connector.type, isSource: true, state: state, trouble: answer.trouble)
        status.parts = answer.parts
        status.lag = gate?.lag
        status.isHeldBack = gate?.isOpen == false
        status.tasks = runners.sorted { $0.key < $1.key }.filter { !$0.value.control.isStopping }.map(
            \.value.control.status)
        return status
    }
}
