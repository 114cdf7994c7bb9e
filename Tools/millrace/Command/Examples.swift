import AgentContext
import Anomalies
import ArgumentParser
import Millrace
import MillraceCommandLine
import MillraceOperations
import PageViews
import RiskScore
import VelocityRules

/// A topology of `Topologies/`.
enum Example: String, ExpressibleByArgument, CaseIterable {
    case riskScores = "risk-scores"
    case pageViews = "page-views"
    case velocityRules = "velocity-rules"
    case anomalies
    case agentContext = "agent-context"

    func define(_ builder: StreamsBuilder) {
        switch self {
        case .riskScores: RiskScoreTopology().define(in: builder)
        case .pageViews: PageViewTopology().define(in: builder)
        case .velocityRules: VelocityTopology().define(in: builder)
        case .anomalies: AnomalyTopology().define(in: builder)
        case .agentContext: AgentContextTopology().define(in: builder)
        }
    }
}

/// An example and the options of an instance of it.
struct ExampleProgram: ProgramArguments {
    @Argument(help: "The example.") var example: Example
    @OptionGroup var instance: InstanceOptions

    func options(defaults: [String: String]) throws -> ResolvedInstanceOptions {
        try instance.resolve(defaults: defaults)
    }

    func makeTopology(_ options: ResolvedInstanceOptions) throws -> Topology {
        let builder = StreamsBuilder()
        example.define(builder)
        return try builder.build(optimization: options.topologyOptimization)
    }

    func runInstance() async throws {
        let example = example
        try await instance.run(named: example.rawValue) { example.define($0) }
    }
}

/// A cluster, with an example by which records are shown; without one, all of them are tried.
struct ExampleCluster: ClusterArguments {
    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The example whose topics they are; by default the one that has a topic of this name.") var example:
        Example?
    @Option(help: "The application whose topics they are; by default any.") var applicationId: String?

    func connection() throws -> ClusterConnection { try cluster.connection() }

    func topologies() throws -> [(topology: Topology, applicationID: String?)] {
        try (example.map { [$0] } ?? Example.allCases).map { example in
            let builder = StreamsBuilder()
            example.define(builder)
            return (try builder.build(), applicationId)
        }
    }
}
