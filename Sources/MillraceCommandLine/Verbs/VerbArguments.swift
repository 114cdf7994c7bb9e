package import ArgumentParser
package import Millrace
package import MillraceOperations
import MillraceRuntime

/// The arguments of a verb that needs a cluster: how to reach it.
package protocol ClusterArguments: ParsableArguments {
    /// The options that say how to reach the cluster.
    ///
    /// - Throws: `ValidationError` with every wrong option.
    func connection() throws -> ClusterConnection

    /// The topologies by which records can be shown, with the application's id if it is known.
    func topologies() throws -> [(topology: Topology, applicationID: String?)]
}

/// The arguments of a verb that needs a topology and an application.
package protocol ProgramArguments: ClusterArguments {
    /// The options of the instance. Those that are required may be given here a value for where they are missing.
    func options(defaults: [String: String]) throws -> ResolvedInstanceOptions
    /// The topology, as it is defined.
    func makeTopology(_ options: ResolvedInstanceOptions) throws -> Topology
    /// Runs an instance until it is told to stop.
    func runInstance() async throws
}

extension ProgramArguments {
    package func connection() throws -> ClusterConnection {
        // A verb that only reads topics needs no application.
        ClusterConnection(try options(defaults: ["application-id": "millrace"]).configuration)
    }

    package func topologies() throws -> [(topology: Topology, applicationID: String?)] {
        let unnamed = "application-without-a-name"
        let options = try options(defaults: ["application-id": unnamed])
        let id = options.configuration.applicationID
        return [(try makeTopology(options), id == unnamed ? nil : id)]
    }
}

/// The program itself, as its verbs see it: the options of its command hold for all of them.
package struct OwnProgram<Program: StreamsCommand>: ProgramArguments {
    @OptionGroup package var program: Program

    package init() {}

    package func options(defaults: [String: String]) throws -> ResolvedInstanceOptions {
        try program.instance.resolve(additional: program.additionalOptions, defaults: defaults)
    }

    package func makeTopology(_ options: ResolvedInstanceOptions) throws -> Topology {
        let builder = StreamsBuilder()
        try program.define(builder)
        return try builder.build(optimization: options.topologyOptimization)
    }

    package func runInstance() async throws { try await program.run() }
}

extension InstanceOptions {
    /// Resolves the options where some that are required have a default.
    ///
    /// - Throws: `ValidationError` with every problem.
    package func resolve(
        additional: [AdditionalOption] = [], defaults: [String: String]
    ) throws -> ResolvedInstanceOptions {
        do { return try check(additional: additional, defaults: defaults).get() } catch {
            throw ValidationError(error.description)
        }
    }
}

/// The options of a verb that needs a cluster and no application.
package struct ClusterOptions: ParsableArguments, Sendable {
    @OptionGroup var settings: SettingFlags<ClusterGroup>
    @OptionGroup var clients: ClientOptions
    @Option(
        name: RunningOptions.configName, valueName: "FILE",
        summary: "A JSON object of options, by their names without the dashes",
        otherwise: "default: none") var config: String?

    package init() {}

    package func connection() throws -> ClusterConnection {
        var reader = OptionReader(
            commandLine: settings.given, rawSettings: clients.rawSettings, config: config,
            environment: Environment.current, defaults: ["application-id": "millrace"])
        var options = ResolvedInstanceOptions(environment: Environment.current)
        reader.read(into: &options)
        guard reader.problems.isEmpty else {
            throw ValidationError(InvalidOptions(problems: reader.problems).description)
        }
        return ClusterConnection(options.configuration)
    }
}

enum ClusterGroup: NamedSettingGroup {
    static let group = SettingGroup.application

    static func contains(_ setting: Setting<ResolvedInstanceOptions>) -> Bool {
        ["bootstrap-servers", "connect-timeout-ms"].contains(setting.name)
    }
}
