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
/// struct RiskAnswers: StreamsCommand {
///     @OptionGroup var instance: InstanceOptions
///
///     func define(_ builder: StreamsBuilder) {
///         RiskScoreTopology().define(in: builder)
///     }
///     …
/// }
/// ```
///
/// On SIGTERM and SIGINT the instance finishes the records in progress, commits, closes the stores, leaves the group and exits with
/// 0. With `--reset` it does not run the application but deletes its internal topics, its committed offsets and the local state.
public protocol StreamsCommand: AsyncParsableCommand {
    /// The options of every instance; declare them with `@OptionGroup`.
    var instance: InstanceOptions { get }

    /// Options of this command beside those of every instance, which are read from the same layers: the command line, the
    /// environment and the configuration file. None by default.
    var additionalOptions: [AdditionalOption] { get }

    /// Changes the configuration after all options have been read and before the application is made. Does nothing by default.
    ///
    /// - Parameters:
    ///   - configuration: the application's configuration.
    ///   - options: the options of all layers.
    /// - Throws: anything; the command prints it and exits: with 64 for a `ValidationError`, otherwise with 1.
    func configure(_ configuration: inout StreamsConfiguration, options: ResolvedInstanceOptions) throws

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

    /// Returns services as ``services(beside:)`` does, which it calls by default, for those that depend on options.
    ///
    /// - Parameters:
    ///   - application: the application beside which they run.
    ///   - options: the options of all layers.
    /// - Throws: anything; `run` throws it, so that the command prints it and exits: with 64 for a `ValidationError`, otherwise
    ///   with 1.
    func services(beside application: StreamsApplication, options: ResolvedInstanceOptions) throws -> [any Service]
}

extension StreamsCommand {
    /// No options.
    public var additionalOptions: [AdditionalOption] { [] }

    /// Changes nothing.
    ///
    /// - Parameters:
    ///   - configuration: the application's configuration.
    ///   - options: the options of all layers.
    /// - Throws: never; `throws` is the requirement's.
    public func configure(_ configuration: inout StreamsConfiguration, options: ResolvedInstanceOptions) throws {}

    /// Returns no services.
    ///
    /// - Throws: never; `throws` is the requirement's.
    public func services(beside application: StreamsApplication) throws -> [any Service] { [] }

    /// Returns the services that do not depend on options.
    ///
    /// - Parameters:
    ///   - application: the application beside which they run.
    ///   - options: the options of all layers.
    /// - Throws: the errors of ``services(beside:)``.
    public func services(
        beside application: StreamsApplication, options: ResolvedInstanceOptions
    ) throws -> [any Service] { try services(beside: application) }
}

extension StreamsCommand {
    /// The command's abstract, and the part of its help that explains the options.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Runs a processor instance of this topology.", discussion: InstanceOptions.discussion)
    }

    /// The verbs of a command beside running: `describe`, `lag`, `tail`, `dlq`, `replay`, `explain`, `reset`, and `run`, which is what the
    /// command does without a verb. A command that wants them passes them to its configuration:
    ///
    /// ```swift
    /// static let configuration = CommandConfiguration(commandName: "program", subcommands: verbs)
    /// ```
    ///
    /// The command's options hold for all verbs, so they need other names than the options of the verbs, such as `--key`.
    public static var verbs: [any ParsableCommand.Type] { commonVerbs(asking: UnknownOwners.self) }

    /// The verbs that every command can have.
    ///
    /// - Parameter owners: the way in which `explain` asks the owners of tasks.
    package static func commonVerbs<Owners: OwnerArguments>(asking owners: Owners.Type) -> [any ParsableCommand.Type] {
        [
            RunVerb<OwnProgram<Self>>.self, DescribeVerb<OwnProgram<Self>>.self, LagVerb<OwnProgram<Self>>.self,
            TailVerb<OwnProgram<Self>>.self, DeadLetterVerb<OwnProgram<Self>>.self,
            ReplayVerb<OwnProgram<Self>>.self, ExplainVerb<OwnProgram<Self>, Owners>.self,
            ResetVerb<OwnProgram<Self>>.self,
        ]
    }

    /// Runs the instance until it is told to stop. With `--reset` it resets the application instead.
    ///
    /// - Throws: all problems of the options at once; the errors of `configure`, `define` and `services`; `StreamsError` with code
    ///   `.invalidTopology`; and the errors of `StreamsApplication.run` and `StreamsApplication.reset`.
    public func run() async throws {
        try await instance.run(
            named: Self._commandName, additional: additionalOptions, configure: configure(_:options:),
            services: services(beside:options:), define)
    }
}

extension InstanceOptions {
    /// Runs an instance of a topology, or resets it.
    package func run(
        named name: String, additional: [AdditionalOption] = [],
        configure: (inout StreamsConfiguration, ResolvedInstanceOptions) throws -> Void = { _, _ in },
        services: (StreamsApplication, ResolvedInstanceOptions) throws -> [any Service] = { _, _ in [] },
        _ define: (StreamsBuilder) throws -> Void
    ) async throws {
        let options = try resolve(additional: additional)
        var configuration = options.configuration
        try configure(&configuration, options)
        let builder = StreamsBuilder()
        try define(builder)
        let topology = try builder.build(optimization: options.topologyOptimization)
        let report = InstanceReport()
        configuration.restoreListener = report.listener(configuration.restoreListener)
        var logger = report.wrap(Logger(label: name))
        logger.logLevel = options.logLevel
        let application = StreamsApplication(topology, configuration: configuration, logger: logger)
        if isReset { return try await application.reset() }
        let others = try services(application, options)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: application, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ] + others.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await report.watch(application) { try await group.run() }
    }
}
