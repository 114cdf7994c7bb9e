// A command declares its options with ArgumentParser's property wrappers.
@_exported public import ArgumentParser
import Logging
public import Millrace
public import MillraceRuntime
public import ServiceLifecycle
import UnixSignals

/// A processor instance as a command: a topology, and the command line that every instance has.
///
/// ```swift
/// @main
/// struct RiskScores: StreamsCommand {
///     @OptionGroup var instance: InstanceOptions
///
///     func define(_ builder: StreamsBuilder) {
///         RiskScoreTopology().define(in: builder)
///     }
/// }
/// ```
///
/// SIGTERM and SIGINT finish what is in hand, commit, close the stores, leave the group and exit with 0. With `--reset` the
/// application is not run: its own topics, its committed offsets and the local state are deleted.
public protocol StreamsCommand: AsyncParsableCommand {
    /// The options that every instance takes; to be declared with `@OptionGroup`.
    var instance: InstanceOptions { get }

    /// Adds the topology's operations. Called once, after all options have been checked.
    ///
    /// - Throws: anything; the command prints it and exits with 1. What is wrong with the topology is told by `run`, as a
    ///   `StreamsError` with code `.invalidTopology`.
    func define(_ builder: StreamsBuilder) throws

    /// What runs beside the application in the process and ends with it, such as a server that answers queries of its stores.
    /// Nothing by default. Called once, before anything starts.
    ///
    /// - Throws: anything; `run` throws it, so that the command prints it and exits with 1.
    func services(beside application: StreamsApplication) throws -> [any Service]
}

extension StreamsCommand {
    /// Nothing.
    ///
    /// - Throws: never; `throws` is the requirement's.
    public func services(beside application: StreamsApplication) throws -> [any Service] { [] }
}

extension StreamsCommand {
    /// The command's abstract, and what its help says of options.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Runs a processor instance of this topology.", discussion: InstanceOptions.discussion)
    }

    /// Runs the instance until it is told to stop, or with `--reset` has it begin anew.
    ///
    /// - Throws: what is wrong with the options, all of it at once; what `define` and `services` throw; `StreamsError` with code
    ///   `.invalidTopology`, and as `StreamsApplication.run` and `StreamsApplication.reset` do.
    public func run() async throws {
        let options = try instance.resolve()
        let builder = StreamsBuilder()
        try define(builder)
        let topology = try builder.build(optimization: options.topologyOptimization)
        var logger = Logger(label: Self._commandName)
        logger.logLevel = options.logLevel
        let application = StreamsApplication(topology, configuration: options.configuration, logger: logger)
        if instance.isReset { return try await application.reset() }
        let others = try services(beside: application)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: application, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ] + others.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
