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
            TopologyInstance<PageViewTopology>.self,
            TopologyInstance<VelocityTopology>.self,
            TopologyInstance<AnomalyTopology>.self,
            TopologyInstance<AgentContextTopology>.self,
            TopologyInstance<CaseMemoryTopology>.self,
            TopologyInstance<PackageSearchTopology>.self,
        ])
}

/// A topology that a subcommand runs.
protocol RunnableTopology {
    static var command: String { get }
    static var abstract: String { get }
    static func define(_ builder: StreamsBuilder)
}

/// The subcommand of a topology.
struct TopologyInstance<Example: RunnableTopology>: ServedStreamsCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Example.command, abstract: Example.abstract, discussion: InstanceOptions.discussion)
    }

    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) { Example.define(builder) }
}

extension PageViewTopology: RunnableTopology {
    static let command = "page-views"
    static let abstract = "Page views, enriched with their users' regions and counted by region and week."
    static func define(_ builder: StreamsBuilder) { PageViewTopology().define(in: builder) }
}

extension VelocityTopology: RunnableTopology {
    static let command = "velocity-rules"
    static let abstract = "Rules against fraud that look at how fast an account moves."
    static func define(_ builder: StreamsBuilder) { VelocityTopology().define(in: builder) }
}

extension AnomalyTopology: RunnableTopology {
    static let command = "anomalies"
    static let abstract = "Readings of sensors that lie far from those of the minute before."
    static func define(_ builder: StreamsBuilder) { AnomalyTopology().define(in: builder) }
}

extension AgentContextTopology: RunnableTopology {
    static let command = "agent-context"
    static let abstract = "The open events of every agent, with the agent's latest state."
    static func define(_ builder: StreamsBuilder) { AgentContextTopology().define(in: builder) }
}

extension CaseMemoryTopology: RunnableTopology {
    static let command = "case-memory"
    static let abstract = "Decisions on events that might be fraud, by the most similar past cases."
    static func define(_ builder: StreamsBuilder) { CaseMemoryTopology().define(in: builder) }
}

extension PackageSearchTopology: RunnableTopology {
    static let command = "package-search"
    static let abstract = "Descriptions of packages, searched by meaning."
    static func define(_ builder: StreamsBuilder) { PackageSearchTopology().define(in: builder) }
}
