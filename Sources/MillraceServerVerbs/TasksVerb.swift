package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `tasks`: the tasks and standbys of all instances.
package struct TasksVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "Lists the tasks and standbys of all instances, with their lags and restores.",
        discussion: """
            Lag and seconds are those of the task's input; missing are the records that its stores still lack. The status is 1 if an \
            instance could not be asked.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each task.") var json = false

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection(json: json)
            let report = try await server.get("/tasks", as: InstancesReport<InstanceWork>.self)
            let rows = report.instances.flatMap { instance in (instance.tasks ?? []).map { (instance.name, $0) } }
                .sorted { ($0.1.isStandby ? 1 : 0, $0.1.id, $0.0) < ($1.1.isStandby ? 1 : 0, $1.1.id, $1.0) }
            if json {
                for (instance, task) in rows { printLine(Self.json(task, at: instance).text) }
            } else {
                let titles = [
                    "TASK", "INSTANCE", "THREAD", "STATE", "LAG", "SECONDS", "MISSING", "PROCESSED", "DROPPED",
                ]
                for line in table(titles, rows.map { Self.row($0.1, at: $0.0) }) { printLine(line) }
            }
            let silent = report.instances.filter(\.isUnreachable)
            for instance in silent {
                let failure = OperationError(
                    .unreachable, "\(instance.name): \(instance.error?.message ?? "no answer")",
                    code: instance.error?.code)
                complain(json ? failure.json.text : failure.description)
            }
            if !silent.isEmpty { throw ExitCode(1) }
        }
    }

    private static func row(_ task: InstanceWork.Task, at instance: String) -> [String] {
        [
            task.id, instance, "\(task.thread)", task.state, task.lag.map(String.init) ?? "-",
            secondsText(ms: task.lagMs), "\(task.missingRecords)", "\(task.processedRecords)",
            "\(task.droppedRecords)",
        ]
    }

    private static func json(_ task: InstanceWork.Task, at instance: String) -> JSONFragment {
        .members([
            "task": .string(task.id), "instance": .string(instance), "isStandby": .bool(task.isStandby),
            "thread": .number(Int64(task.thread)), "state": .string(task.state), "lag": .optional(task.lag),
            "lagMs": .optional(task.lagMs), "missingRecords": .number(task.missingRecords),
            "processedRecords": .number(task.processedRecords), "restoredRecords": .number(task.restoredRecords),
            "droppedRecords": .number(task.droppedRecords),
        ])
    }
}
