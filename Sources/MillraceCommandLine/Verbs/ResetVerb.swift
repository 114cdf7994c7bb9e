package import ArgumentParser
import Logging
import Millrace
import MillraceOperations
import MillraceRuntime

/// `reset`: the application begins anew.
package struct ResetVerb<Program: ProgramArguments>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reset", abstract: "Shows what a reset would delete; with --yes, deletes it.",
            discussion: """
                A reset deletes the application's internal topics, its committed offsets and the local state. The next start \
                processes the input from its beginning. It is refused while the application runs.

                \(ExitStatus.discussion)
                """)
    }

    @OptionGroup var program: Program
    @Flag(help: "Delete.") var yes = false
    @Flag(help: "The plan as JSON.") var json = false

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: json) {
            let bar = ProgressBar(yes ? "resetting" : "asking the cluster", json: json)
            defer { bar.clear() }
            let options = try program.options(defaults: [:])
            // Says in one sentence why no broker answers.
            _ = try ClusterConnection(options.configuration).admin()
            var logger = Logger(label: "reset") { BarErasingLogHandler(StreamLogHandler.standardError(label: $0)) }
            logger.logLevel = .warning
            let application = StreamsApplication(
                try program.makeTopology(options), configuration: options.configuration, logger: logger)
            let plan = try await application.planReset()
            printLine(json ? Self.json(plan).text : Self.text(plan))
            guard plan.members.isEmpty else {
                throw OperationError(
                    .busy,
                    "\(plan.applicationID) is running: stop \(Self.instances(plan.members)) first; an instance that was killed "
                        + "counts until its session has timed out")
            }
            guard yes else { return complain("nothing was deleted; give --yes to delete this") }
            try await application.reset()
            bar.clear()
            complain("deleted")
        }
    }

    /// The members of a group as people know them: by the addresses at which they answer queries, if they have some.
    static func instances(_ members: [String]) -> String {
        let names = members.map { member -> String in
            member.lastIndex(of: "@").map { "the instance at \(member[member.index(after: $0)...])" } ?? member
        }
        return Set(names).sorted().joined(separator: ", ")
    }

    private static func text(_ plan: ResetPlan) -> String {
        var lines = ["application  \(plan.applicationID)"]
        for (partition, offset) in plan.committedOffsets.sorted(by: { $0.key < $1.key }) {
            lines.append("offset       \(partition) at \(offset)")
        }
        lines += plan.topics.map { "topic        \($0)" }
        lines += plan.tasksWithState.map { "local state  \(plan.stateDirectory)/\($0)" }
        if plan.isEmpty { lines.append("nothing to delete") }
        return lines.joined(separator: "\n")
    }

    private static func json(_ plan: ResetPlan) -> JSONFragment {
        let offsets = plan.committedOffsets.sorted { $0.key < $1.key }.map { partition, offset in
            JSONFragment.members([
                "topic": .string(partition.topic), "partition": .number(Int64(partition.partition)),
                "offset": .number(offset),
            ])
        }
        return .members([
            "applicationID": .string(plan.applicationID), "members": .array(plan.members.map(JSONFragment.string)),
            "committedOffsets": .array(offsets), "topics": .array(plan.topics.map(JSONFragment.string)),
            "stateDirectory": .string(plan.stateDirectory),
            "tasksWithState": .array(plan.tasksWithState.map(JSONFragment.string)),
        ])
    }
}
