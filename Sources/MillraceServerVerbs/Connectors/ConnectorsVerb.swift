package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `connectors`: the connectors of a worker and their tasks.
package struct ConnectorsVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "connectors", abstract: "Lists the connectors of a worker, with their tasks, lags and troubles.",
        discussion: """
            One process is asked, and it asks the others. Records, failures and refused records count since each \
            process has had the task. The lag is that of a sink, or of the group that holds a source back. The status is 1 if a process \
            could not be asked.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Argument(help: "The only connector to show; all by default.") var connector: String?
    @Flag(help: "One line of JSON for each connector.") var json = false

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: json) {
            let report = try await connection.connection(json: json).get("/connectors", as: WorkerReport.self)
            let shown = report.connectors.filter { connector == nil || $0.name == connector }
            if let connector, shown.isEmpty {
                throw OperationError(.missing, "there is no connector \(connector)", code: "connector_unknown")
            }
            for one in shown where json { printLine(one.json.text) }
            if !json {
                for line in table(Self.titles, shown.flatMap(\.rows)) + shown.flatMap(\.troubles) { printLine(line) }
            }
            let silent = report.processes.filter { $0.error != nil }
            for process in silent {
                complain("\(process.address ?? process.name): \(process.error ?? "no answer")")
            }
            for difference in report.differences ?? [] { complain(difference) }
            if !report.complete { throw ExitCode(1) }
        }
    }

    private static let titles = [
        "CONNECTOR", "TYPE", "TASK", "STATE", "PROCESS", "RECORDS", "BYTES", "COMMITS", "FAILURES", "REFUSED", "LAG",
    ]
}

/// The answer of a worker.
private struct WorkerReport: Decodable {
    var complete: Bool
    var processes: [Process]
    var connectors: [Connector]
    var differences: [String]?

    struct Process: Decodable {
        var name: String
        var address: String?
        var error: String?
    }

    struct Connector: Decodable {
        var name: String
        var type: String
        var direction: String
        var state: String
        var trouble: String?
        var lag: Int64?
        var heldBack: Bool
        var tasks: [Task]

        struct Task: Decodable {
            var name: String
            var state: String
            var trouble: String?
            var records: Int64
            var bytes: Int64
            var commits: Int64
            var failures: Int64
            var refused: Int64
            var lastRecordMs: Int64?
            var position: String?
            var process: String?
        }
    }
}

extension WorkerReport.Connector {
    /// A line for the connector and one for each of its tasks.
    fileprivate var rows: [[String]] {
        let head = [
            name, type, "-", heldBack ? "\(state) (held back)" : state, "-",
            "\(tasks.sum(\.records))", "\(tasks.sum(\.bytes))", "\(tasks.sum(\.commits))", "\(tasks.sum(\.failures))",
            "\(tasks.sum(\.refused))", lag.map(String.init) ?? "-",
        ]
        return [head]
            + tasks.map { task in
                [
                    name, type, task.name, task.state, task.process ?? "-", "\(task.records)", "\(task.bytes)",
                    "\(task.commits)", "\(task.failures)", "\(task.refused)", "-",
                ]
            }
    }

    fileprivate var troubles: [String] {
        ([(name, trouble)] + tasks.map { ("\(name)/\($0.name)", $0.trouble) })
            .compactMap { place, trouble in trouble.map { "\(place): \(oneLine($0, 400))" } }
    }

    fileprivate var json: JSONFragment {
        .members([
            "connector": .string(name), "type": .string(type), "direction": .string(direction),
            "state": .string(state), "trouble": .optional(trouble), "lag": .optional(lag), "heldBack": .bool(heldBack),
            "tasks": .array(
                tasks.map { task in
                    .members([
                        "task": .string(task.name), "state": .string(task.state), "trouble": .optional(task.trouble),
                        "process": .optional(task.process), "records": .number(task.records),
                        "bytes": .number(task.bytes), "commits": .number(task.commits),
                        "failures": .number(task.failures), "refused": .number(task.refused),
                        "lastRecordMs": .optional(task.lastRecordMs), "position": .optional(task.position),
                    ])
                }),
        ])
    }
}
