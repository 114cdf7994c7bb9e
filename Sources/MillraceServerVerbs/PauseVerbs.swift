package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `pause`: makes all instances, or one, process nothing until they are resumed.
package struct PauseVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Pauses processing on all instances, or on one.",
        discussion: """
            No records are processed and no punctuations run until `resume`. Stores can be read meanwhile. The pause is kept in the \
            memory of each instance: one that starts later is not paused. The status is 1 if an instance could not be reached.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup var arguments: PauseArguments

    package init() {}

    package func run() async throws { try await arguments.run("/pause") }
}

/// `resume`: continues what was paused.
package struct ResumeVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Resumes processing on all instances, or on one.",
        discussion: """
            Processing goes on where it stopped. The status is 1 if an instance could not be reached.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup var arguments: PauseArguments

    package init() {}

    package func run() async throws { try await arguments.run("/resume") }
}

/// The arguments of `pause` and `resume`.
struct PauseArguments: ParsableArguments {
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Option(help: "The number of a sub-topology, as `describe` shows it; all of them by default.") var subtopology: Int?
    @Option(help: ArgumentHelp("The only instance that is to do it; all by default.", valueName: "HOST:PORT"))
    var instance: String?
    @Flag(help: "One line of JSON for each instance.") var json = false

    func run(_ path: String) async throws {
        try await PauseVerb.reporting(json: json) {
            let report = try await connection.connection(json: json).post(
                path, [("subtopology", subtopology.map(String.init)), ("instance", instance)],
                as: InstancesReport<PausedInstance>.self)
            for instance in report.instances { printLine(json ? instance.json.text : instance.line) }
        }
    }
}

/// The answer of one instance: the sub-topologies that are paused on it.
private struct PausedInstance: Decodable {
    var address: String?
    var paused: Bool
    var pausedSubtopologies: [Int]

    var line: String {
        let what =
            if paused { "paused" } else if pausedSubtopologies.isEmpty { "not paused" } else {
                "paused are the sub-topologies \(pausedSubtopologies.map(String.init).joined(separator: ", "))"
            }
        return "\(address ?? "this instance"): \(what)"
    }

    var json: JSONFragment {
        .members([
            "address": .optional(address), "paused": .bool(paused),
            "pausedSubtopologies": .array(pausedSubtopologies.map { .number(Int64($0)) }),
        ])
    }
}

extension PauseVerb {
    fileprivate static func reporting(json: Bool, _ body: () async throws -> Void) async throws {
        try await PauseVerb().reportingAsync(json: json, body)
    }
}
