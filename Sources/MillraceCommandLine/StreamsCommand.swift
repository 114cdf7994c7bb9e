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
            abstract: "Runs a processor instance of this topology.", discussion: InstanceOptions.discussion,
            subcommands: verbs)
    }

    /// The verbs of the command beside running: `describe`, `lag`, `tail`, `dlq`, `replay`, `reset`, and `run`, which is what the
    /// command does without a verb. A command with a configuration of its own passes them to it as subcommands.
    public static var verbs: [any ParsableCommand.Type] {
        [
            RunVerb<OwnProgram<Self>>.self, DescribeVerb<OwnProgram<Self>>.self, LagVerb<OwnProgram<Self>>.self,
            TailVerb<OwnProgram<Self>>.self, DeadLetterVerb<OwnProgram<Self>>.self,
            ReplayVerb<OwnProgram<Self>>.self, ResetVerb<OwnProgram<Self>>.self,
        ]
    }

    /// Runs the instance until it is told to stop. With `--reset` it resets the application instead.
    ///
    /// - Throws: all problems of the options at once; the errors of `define` and `services`; `StreamsError` with code
    ///   `.invalidTopology`; and the errors of `StreamsApplication.run` and `StreamsApplication.reset`.
    public func run() async throws {
        try await instance.run(named: Self._commandName, services: services(beside:), define)
    }
}

extension InstanceOptions {
    /// Runs an instance of a topology, or resets it.
    package func run(
        named name: String, services: (StreamsApplication) throws -> [any Service] = { _ in [] },
        _ define: (StreamsBuilder) throws -> Void
    ) async throws {
        let options = try resolve()
        let builder = StreamsBuilder()
        try define(builder)
        let topology = try builder.build(optimization: options.topologyOptimization)
        var logger = Logger(label: name)
        logger.logLevel = options.logLevel
        let application = StreamsApplication(topology, configuration: options.configuration, logger: logger)
        if isReset { return try await application.reset() }
        let others = try services(application)
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
