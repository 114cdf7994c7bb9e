import AgentContext
import Anomalies
import ArgumentParser
import CaseMemory
import Millrace
import MillraceCommandLine
import MillraceServer
import PackageSearch
import PageViews
import VelocityRules

/// Instances of the topologies of `Topologies/`, one subcommand for each. The risk score has a separate command, `risk-scores`.
@main
struct Topologies: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a processor instance of one of the example topologies.",
        subcommands: [
            PageViewsInstance.self, VelocityRulesInstance.self, AnomaliesInstance.self, AgentContextInstance.self,
            CaseMemoryInstance.self, PackageSearchInstance.self,
        ])
}

struct PageViewsInstance: ServedStreamsCommand {
    static let configuration = CommandConfiguration.instance(
        "page-views", abstract: "Page views, enriched with their users' regions and counted by region and week.")

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { PageViewTopology().define(in: builder) }
}

struct VelocityRulesInstance: ServedStreamsCommand {
    static let configuration = CommandConfiguration.instance(
        "velocity-rules", abstract: "Rules against fraud that look at how fast an account moves.")

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { VelocityTopology().define(in: builder) }
}

struct AnomaliesInstance: ServedStreamsCommand {
    static let configuration = CommandConfiguration.instance(
        "anomalies", abstract: "Readings of sensors that lie far from those of the minute before.")

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { AnomalyTopology().define(in: builder) }
}

struct AgentContextInstance: ServedStreamsCommand {
    static let configuration = CommandConfiguration.instance(
        "agent-context", abstract: "The open events of every agent, with the agent's latest state.")

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { AgentContextTopology().define(in: builder) }
}

struct CaseMemoryInstance: ServedStreamsCommand {
    static let configuration = CommandConfiguration.instance(
        "case-memory", abstract: "Decisions on events that might be fraud, by the most similar past cases.")

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { CaseMemoryTopology().define(in: builder) }
}

struct PackageSearchInstance: ServedStreamsCommand {
    static let configuration = CommandConfiguration.instance(
        "package-search", abstract: "Descriptions of packages, searched by meaning.")

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { PackageSearchTopology().define(in: builder) }
}

extension CommandConfiguration {
    /// The command of an instance of one topology.
    fileprivate static func instance(_ name: String, abstract: String) -> CommandConfiguration {
        CommandConfiguration(commandName: name, abstract: abstract, discussion: InstanceOptions.discussion)
    }
}
