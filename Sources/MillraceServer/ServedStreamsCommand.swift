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
/// The server's address is also the one that other instances are told, unless `--application-server` gives another. With port 0 the
/// system chooses a port. Once the server listens, the command prints one line, `listening on http://127.0.0.1:40123`.
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

    /// Tells the other instances the server's address. If the system is to choose the port, it does so here.
    ///
    /// - Parameters:
    ///   - configuration: the application's configuration, which gets the address unless it has one.
    ///   - options: the options of all layers.
    /// - Throws: `ValidationError` if an option of the server is wrong; ``ServerError`` if there is no port.
    public func configure(_ configuration: inout StreamsConfiguration, options: ResolvedInstanceOptions) throws {
        guard let settings = try ServerOptions.configuration(from: options.additional) else { return }
        configuration.recordsStateStatistics = true
        // Others cannot call every address of this machine.
        let address = settings.address
        guard configuration.applicationServer == nil, !["0.0.0.0", "::"].contains(address.host) else { return }
        configuration.applicationServer =
            (address.port > 0 ? address : try server.port.reserve(host: address.host)).description
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
        guard var settings = try ServerOptions.configuration(from: options.additional) else { return others }
        settings.settings = options.settingDescriptions(inForce: application.configuration)
        settings.address = server.port.address ?? settings.address
        let file = try options.additional["address-file"].map { try AddressFile($0) }
        var logger = Logger(label: Self._commandName)
        logger.logLevel = options.logLevel
        let service = MillraceServer(application: application, configuration: settings, logger: logger)
        let scheme = settings.tls == nil ? "http" : "https"
        return others + [service, ListeningReport(server: service, scheme: scheme, port: server.port, file: file)]
    }
}

/// Reports the address at which a server listens: as a line, or as an event, and in a file while the server listens.
struct ListeningReport: Service {
    let server: MillraceServer
    let scheme: String
    let port: PortReservation
    let file: AddressFile?

    func run() async throws {
        let address = await server.address
        port.release()
        if let address {
            try file?.write(address.description)
            if InstanceReport.isJSON {
                InstanceReport().event("listening", ["address": .string(address.description)])
            } else {
                printLine("listening on \(scheme)://\(address)")
            }
        }
        try? await gracefulShutdown()
        if let address { file?.remove(address.description) }
    }
}
