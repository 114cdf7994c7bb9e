package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `pause-connector`: pauses a connector in all processes.
package struct PauseConnectorVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "pause-connector", abstract: "Pauses a connector, or one of its tasks, in all processes.",
        discussion: """
            What was read is committed first. The pause is kept in Kafka, so it also holds for processes that start later.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup var arguments: ConnectorOrderArguments

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: arguments.json) { try await arguments.order("pause", done: "is going to pause") }
    }
}

/// `resume-connector`: has a connector go on.
package struct ResumeConnectorVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "resume-connector", abstract: "Resumes a connector, or one of its tasks, in all processes.",
        discussion: ExitStatus.ofServers)

    @OptionGroup var arguments: ConnectorOrderArguments

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: arguments.json) {
            try await arguments.order("resume", done: "is going to go on")
        }
    }
}

/// `restart-connector`: has a connector begin anew.
package struct RestartConnectorVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "restart-connector", abstract: "Restarts a connector, or one of its tasks.",
        discussion: """
            It begins with what was committed last, also after a failure.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup var arguments: ConnectorOrderArguments

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: arguments.json) {
            try await arguments.order("restart", done: "is going to begin anew")
        }
    }
}

/// The arguments of the orders.
struct ConnectorOrderArguments: ParsableArguments {
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Argument(help: "The connector's name.") var connector: String
    @Option(help: "The name of one of its tasks, as `connectors` shows it; all by default.") var task: String?
    @Flag(help: "The result as one line of JSON.") var json = false

    func order(_ order: String, done: String) async throws {
        let answer = try await connection.connection(json: json).post(
            "/connectors/\(ServerConnection.encoded(connector))/\(order)", [("task", task)], as: Answer.self)
        printLine(
            json
                ? JSONFragment.members([
                    "connector": .string(answer.connector), "task": .optional(task), "order": .string(answer.order),
                ]).text
                : "\(answer.connector)\(task.map { "/\($0)" } ?? "") \(done)")
    }

    private struct Answer: Decodable {
        var connector: String
        var order: String
    }
}
