package import ArgumentParser
import Millrace
import MillraceCommandLine
import MillraceOperations

/// `status`: how the application is, as its instances see it.
package struct StatusVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows how an application is: instances, threads, lag, restores, errors.",
        discussion: """
            One instance is asked, and it asks the others. Lag: the records that wait in the input, and the age of the oldest. \
            Restoring: the records that stores still miss. Errors, dead letters and dropped records count since the start of each \
            instance. The status is 1 if an instance could not be asked.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "The result as one line of JSON.") var json = false

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection(json: json)
            let topology = try await server.get("/topology", as: Application.self)
            let report = try await server.get("/tasks", as: InstancesReport<InstanceWork>.self)
            let summary = ApplicationSummary(id: topology.applicationId, instances: report.instances)
            if json { printLine(summary.json.text) } else { for line in summary.lines { printLine(line) } }
            if summary.unreachable > 0 { throw ExitCode(1) }
        }
    }

    private struct Application: Decodable { var applicationId: String }
}

/// An application in a few lines.
struct ApplicationSummary {
    var id: String
    var instances: [InstanceWork]

    var unreachable: Int { instances.filter(\.isUnreachable).count }

    /// The state that all instances have, or else the first that is not `running`.
    var state: String { instances.first { $0.state != "running" }?.state ?? "running" }

    private var lagMs: Int64? { instances.compactMap(\.lagMs).max() }
    private var lag: Int64 { instances.sum { $0.lag ?? 0 } }
    private var deadLetters: Int64 { instances.sum { $0.deadLetteredRecords ?? 0 } }

    var lines: [String] {
        let threads = instances.reduce(0) { $0 + ($1.threads?.count ?? 0) }
        let running = instances.reduce(0) { $0 + $1.runningThreads }
        let active = instances.reduce(0) { $0 + $1.activeTasks.count }
        let restoring = instances.sum(\.missingRecords)
        var lines = [
            "\(id): \(state), \(counted(instances.count, "instance"))"
                + (unreachable > 0 ? " (\(unreachable) unreachable)" : "")
                + ", \(running) of \(counted(threads, "thread")) running, \(counted(active, "task"))",
            "lag \(counted(Int(clamping: lag), "record"))\(lagMs.map { ", \(secondsText(ms: $0)) s" } ?? ""); "
                + (restoring > 0 ? "restoring, \(counted(Int(clamping: restoring), "record")) missing; " : "")
                + "since the start \(counted(Int(clamping: instances.sum(\.errors)), "error")), "
                + "\(counted(Int(clamping: deadLetters), "dead letter")), "
                + "\(instances.sum(\.droppedRecords)) dropped", "",
        ]
        lines += table(
            [
                "INSTANCE", "STATE", "THREADS", "TASKS", "STANDBYS", "LAG", "SECONDS", "RESTORING", "PROCESSED",
                "ERRORS", "DEAD", "DROPPED",
            ], instances.map(row))
        for instance in instances {
            if let error = instance.error { lines.append("\(instance.name): \(error.message)") }
            lines += (instance.troubles ?? []).map { "\(instance.name): \(oneLine($0, 400))" }
        }
        return lines
    }

    private func row(_ instance: InstanceWork) -> [String] {
        guard !instance.isUnreachable else {
            return [instance.name, instance.state] + Array(repeating: "-", count: 10)
        }
        return [
            instance.name, instance.state, "\(instance.runningThreads)/\(instance.threads?.count ?? 0)",
            "\(instance.activeTasks.count)", "\(instance.standbys.count)", "\(instance.lag ?? 0)",
            secondsText(ms: instance.lagMs), "\(instance.missingRecords)", "\(instance.processedRecords ?? 0)",
            "\(instance.errors)", "\(instance.deadLetteredRecords ?? 0)", "\(instance.droppedRecords)",
        ]
    }

    var json: JSONFragment {
        .members([
            "application": .string(id), "state": .string(state), "lag": .number(lag), "lagMs": .optional(lagMs),
            "missingRecords": .number(instances.sum(\.missingRecords)), "errors": .number(instances.sum(\.errors)),
            "deadLetteredRecords": .number(deadLetters), "droppedRecords": .number(instances.sum(\.droppedRecords)),
            "instances": .array(instances.map(json)),
        ])
    }

    private func json(_ instance: InstanceWork) -> JSONFragment {
        let head = JSONFragment.members([
            "address": .optional(instance.address), "state": .string(instance.state),
        ])
        if let error = instance.error {
            return head.adding(["error": OperationError(.unreachable, error.message, code: error.code).json])
        }
        return head.adding([
            "threads": .number(Int64(instance.threads?.count ?? 0)),
            "runningThreads": .number(Int64(instance.runningThreads)),
            "tasks": .number(Int64(instance.activeTasks.count)),
            "standbys": .number(Int64(instance.standbys.count)), "lag": .number(instance.lag ?? 0),
            "lagMs": .optional(instance.lagMs), "missingRecords": .number(instance.missingRecords),
            "processedRecords": .number(instance.processedRecords ?? 0), "errors": .number(instance.errors),
            "deadLetteredRecords": .number(instance.deadLetteredRecords ?? 0),
            "droppedRecords": .number(instance.droppedRecords),
            "troubles": .array((instance.troubles ?? []).map(JSONFragment.string)),
        ])
    }
}
