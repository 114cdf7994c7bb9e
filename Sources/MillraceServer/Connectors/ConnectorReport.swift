import Millrace
import MillraceConnectRuntime

/// The connectors as one process, or all processes together, tell them.
struct ConnectorsReport: Codable, Sendable {
    /// Whether all processes of the worker are known and every one has answered.
    var complete: Bool
    /// The processes that share the work, as the group knows them, also those that could not be asked.
    var processes: [Process]
    var connectors: [Connector]
    /// The connectors that some processes lack or have with other settings, each a sentence; `nil` if all have the same.
    var differences: [String]?

    struct Process: Codable, Sendable {
        var name: String
        var address: String?
        var isHere: Bool
        /// The reason why the report lacks the tasks of this process.
        var error: String?
    }

    struct Connector: Codable, Sendable {
        var name: String
        var type: String
        /// `source` or `sink`.
        var direction: String
        var state: String
        var trouble: String?
        /// The lag in records of a sink, or of the group that holds a source back.
        var lag: Int64?
        var heldBack: Bool
        /// The parts of a source over all processes.
        var parts: [String]?
        var tasks: [Task]
    }

    struct Task: Codable, Sendable {
        var name: String
        var state: String
        var trouble: String?
        var records = 0
        var bytes = 0
        var commits = 0
        var failures = 0
        var refused = 0
        var partitions = 0
        var lastRecordMs: Int64?
        var position: String?
        var losses: Int?
        var lostRecords: Int?
        /// The records of the source that are not read yet, and those that it can remove before it meets one of these.
        var unread: Int?
        var trimMargin: Int?
        /// The address of the process that has it, if that has one.
        var process: String?
    }
}

extension ConnectorsReport {
    /// The report of this process.
    init(_ status: [ConnectorStatus], process: WorkerProcess, differences: [String]) {
        complete = true
        self.differences = differences.isEmpty ? nil : differences
        let address = process.address?.description
        processes = [Process(name: process.name, address: address, isHere: true)]
        connectors = status.map { Connector($0, address: address) }
    }

    /// Adds the report of another process.
    mutating func add(_ other: ConnectorsReport) {
        // All processes find the same ones, but not at the same moment.
        let found = Set((differences ?? []) + (other.differences ?? [])).sorted()
        differences = found.isEmpty ? nil : found
        processes += other.processes.map {
            Process(name: $0.name, address: $0.address, isHere: false, error: $0.error)
        }
        for connector in other.connectors {
            guard let index = connectors.firstIndex(where: { $0.name == connector.name }) else {
                connectors.append(connector)
                continue
            }
            connectors[index].add(connector)
        }
    }

    /// Adds a process that has not answered, or cannot be asked.
    mutating func add(silent process: WorkerProcess, _ reason: String) {
        complete = false
        processes.append(
            Process(name: process.name, address: process.address?.description, isHere: false, error: reason))
    }

    /// Names the parts that no process works on, if every process has answered.
    mutating func addUnassigned() {
        guard complete else { return }
        for index in connectors.indices {
            let assigned = Set(connectors[index].tasks.map(\.name))
            for part in connectors[index].parts ?? [] where !assigned.contains(part) {
                connectors[index].tasks.append(Task(name: part, state: ConnectorState.unassigned.rawValue))
            }
            connectors[index].tasks.sort { ($0.name, $0.process ?? "") < ($1.name, $1.process ?? "") }
        }
    }
}

extension ConnectorsReport.Connector {
    fileprivate init(_ status: ConnectorStatus, address: String?) {
        name = status.name
        type = status.type
        direction = status.isSource ? "source" : "sink"
        state = status.state.rawValue
        trouble = status.trouble
        lag = status.lag
        heldBack = status.isHeldBack
        parts = status.parts
        tasks = status.tasks.map { ConnectorsReport.Task($0, address: address) }
    }

    fileprivate mutating func add(_ other: Self) {
        // A failure in one process is the news.
        if other.state == ConnectorState.failed.rawValue || state == ConnectorState.unassigned.rawValue {
            state = other.state
        }
        trouble = trouble ?? other.trouble
        lag = lag ?? other.lag
        parts = parts ?? other.parts
        heldBack = heldBack || other.heldBack
        tasks += other.tasks
    }
}

extension ConnectorsReport.Task {
    fileprivate init(_ status: ConnectorTaskStatus, address: String?) {
        name = status.name
        state = status.state.rawValue
        trouble = status.trouble
        records = status.records
        bytes = status.sizeInBytes
        commits = status.commits
        failures = status.failures
        refused = status.refused
        partitions = status.partitions
        lastRecordMs = status.lastRecordMs
        position = status.position
        losses = status.losses
        lostRecords = status.lostRecords
        unread = status.unread
        trimMargin = status.trimMargin
        process = address
    }
}
