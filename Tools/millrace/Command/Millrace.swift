import ArgumentParser
import MillraceCommandLine
import MillraceServerVerbs

/// The project's own command: `swift run millrace broker`, `swift run millrace simulate`.
@main
struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "Tools around Millrace applications.",
        discussion: """
            The verbs that need a topology take the name of an example. A custom program has the same verbs for its own \
            topology: see StreamsCommand. millrace-bench measures.

            \(ExitStatus.discussion)
            """,
        subcommands: [
            BrokerCommand.self, RunVerb<ExampleProgram>.self, DescribeVerb<ExampleProgram>.self, GroupLagVerb.self,
            TailVerb<ExampleCluster>.self, DeadLetterVerb<ExampleCluster>.self, ReplayVerb<ExampleProgram>.self,
            ExplainVerb<ExampleProgram, AskedOwners>.self,
            ResetVerb<ExampleProgram>.self,
        ] + [ConnectCommand.self] + ServerVerbs.ofConnectors + ServerVerbs.all + [Simulate.self, Bench.self])
}
