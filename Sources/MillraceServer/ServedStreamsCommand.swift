public import ArgumentParser
import Logging
import Millrace
public import MillraceCommandLine
import MillraceOperations
public import MillraceRuntime
import MillraceServerVerbs
public import ServiceLifecycle

/// A command that runs an instance with a server beside it: `--listen 127.0.0.1:8080`.
///
/// ```swift
/// @main
/// struct RiskScores: ServedStreamsCommand {
///     @OptionGroup var instance: InstanceOptions
///     @OptionGroup(title: "Server") var server: ServerOptions
///
///     func define(_ builder: StreamsBuilder) {
///         RiskScoreTopology().define(in: builder)
///     }
/// }
/// ```
///
/// The server's address is also the one that other instances are told, unless `--application-server` gives another.
public protocol ServedStreamsCommand: StreamsCommand {
    /// The options of the server; declare them with `@OptionGroup`.
    var server: ServerOptions { get }
}

extension ServedStreamsCommand {
    /// The verbs of every command, and those that ask a running instance: `status`, `tasks`, `stores`, `query` and `changes`.
    ///
    /// ```swift
    /// static let configuration = CommandConfiguration(commandName: "program", subcommands: verbs)
    /// ```
    public static var verbs: [any ParsableCommand.Type] {
        commonVerbs(asking: AskedOwners.self) + ServerVerbs.all
    }

    /// The options of the server.
    public var additionalOptions: [AdditionalOption] { server.additionalOptions }

    /// Tells the other instances the server's address.
    ///
    /// - Parameters:
    ///   - configuration: the application's configuration, which gets the address unless it has one.
    ///   - options: the options of all layers.
    /// - Throws: `ValidationError` if an option of the server is wrong.
    public func configure(_ configuration: inout StreamsConfiguration, options: ResolvedInstanceOptions) throws {
        guard let server = try ServerOptions.configuration(from: options.additional) else { return }
        configuration.recordsStateStatistics = true
        let isReachable = server.address.port > 0 && !["0.0.0.0", "::"].contains(server.address.host)
        if configuration.applicationServer == nil, isReachable {
            configuration.applicationServer = server.address.description
        }
    }

    /// Returns the services that do not depend on options, and the server if there is to be one.
    ///
    /// - Parameters:
    ///   - application: the application whose stores the server shows.
    ///   - options: the options of all layers.
    /// - Throws: `ValidationError` if an option of the server is wrong; the errors of `services(beside:)`.
    public func services(
        beside application: StreamsApplication, options: ResolvedInstanceOptions
    ) throws -> [any Service] {
        let others = try services(beside: application)
        guard var server = try ServerOptions.configuration(from: options.additional) else { return others }
        server.settings = options.settingDescriptions(inForce: application.configuration)
        var logger = Logger(label: Self._commandName)
        logger.logLevel = options.logLevel
        let service = MillraceServer(application: application, configuration: server, logger: logger)
        return others + [service] + (InstanceReport.isJSON ? [ListeningReport(server: service)] : [])
    }
}

/// Reports the address at which a server listens.
private struct ListeningReport: Service {
    let server: MillraceServer

    func run() async throws {
        if let address = await server.address {
            InstanceReport().event("listening", ["address": .string(address.description)])
        }
        try? await gracefulShutdown()
    }
}
