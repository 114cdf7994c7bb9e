import Logging
import MillraceConnect
import MillraceRuntime

/// A sink in this process. The sink's own group says which partitions belong to which process.
final class RunningSink: RunningConnector {
    private let connector: ConfiguredConnector
    private let sink: any SinkConnector
    private let group: String
    private let clientID: String
    private let ports: KafkaPorts
    private let logger: Logger
    private var runner: SinkRunner?

    init(
        _ connector: ConfiguredConnector, _ sink: any SinkConnector, group: String, clientID: String, ports: KafkaPorts,
        logger: Logger
    ) {
        self.connector = connector
        self.sink = sink
        self.group = group
        self.clientID = clientID
        self.ports = ports
        var logger = logger
        logger[metadataKey: "connector"] = "\(connector.name)"
        self.logger = logger
    }

    var name: String { connector.name }
    var hasEnded: Bool { runner?.control.hasEnded ?? true }

    func start() {}

    /// The thread of the sink does.
    func followGroup() {}

    func follow(wanted: WantedStates, gate: LagGate?) throws {
        let order: TaskControl.Order = wanted.state(of: name) == .paused ? .pause : .run
        if let runner { return runner.control.set(order) }
        let runner = SinkRunner(
            connector, sink, group: group, clientID: clientID, order: order, ports: ports, logger: logger)
        try runner.start()
        self.runner = runner
    }

    func restart(_ target: String) {
        // The partitions of a sink in a process are one task, which has the connector's name.
        if target == name || target == "\(name)/\(name)" { runner?.control.restart() }
    }

    func status(gate: LagGate?, wanted: WantedStates) -> ConnectorStatus {
        var status = ConnectorStatus(
            name: name, type: connector.type, isSource: false,
            state: wanted.state(of: name) == .paused ? .paused : runner == nil ? .unassigned : .running)
        status.lag = gate?.lag
        status.tasks = runner.map { [$0.control.status] } ?? []
        return status
    }

    func stop() { runner?.control.set(.stop) }

    func sweep() {}
    func leave() {}
}
