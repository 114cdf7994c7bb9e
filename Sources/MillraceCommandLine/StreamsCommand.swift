// ArgumentParser is exported because a command declares its options with ArgumentParser's property wrappers.
@_exported public import ArgumentParser
import Logging
public import Millrace
public import MillraceRuntime
public import ServiceLifecycle
import UnixSignals

/// A command that runs an instance: a topology with the command line that every instance has.
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
/// On SIGTERM and SIGINT the instance finishes the records in progress, commits, closes the stores, leaves the group and exits with
/// 0. With `--reset` it does not run the application but deletes its internal topics, its committed offsets and the local state.
public protocol StreamsCommand: AsyncParsableCommand {
    /// The options of every instance; declare them with `@OptionGroup`.
    var instance: InstanceOptions { get }

    /// Adds the topology's operations to the builder. It is called once, after all options have been checked.
    ///
    /// - Throws: anything; the command prints it and exits with 1. Problems of the topology itself are thrown by `run`, as a
    ///   `StreamsError` with code `.invalidTopology`.
    func define(_ builder: StreamsBuilder) throws

    /// Returns services that run beside the application in the process and end with it, such as a server that answers queries of
    /// its stores. None by default. It is called once, before anything starts.
    ///
    /// - Throws: anything; `run` throws it, so that the command prints it and exits with 1.
    func services(beside application: StreamsApplication) throws -> [any Service]
}

extension StreamsCommand {
    /// Returns no services.
    ///
    /// - Throws: never; `throws` is the requirement's.
    public func services(beside application: StreamsApplication) throws -> [any Service] { [] }
}

extension StreamsCommand {
    /// The command's abstract, and the part of its help that explains the options.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Runs a processor instance of this topology.", discussion: InstanceOptions.discussion)
    }

    /// Runs the instance until it is told to stop. With `--reset` it resets the application instead.
    ///
    /// - Throws: all problems of the options at once; the errors of `define` and `services`; `StreamsError` with code
    ///   `.invalidTopology`; and the errors of `StreamsApplication.run` and `StreamsApplication.reset`.
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
