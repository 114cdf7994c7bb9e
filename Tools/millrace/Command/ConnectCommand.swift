import ArgumentParser
import Foundation
import Logging
import MillraceCommandLine
import MillraceConnect
import MillraceConnectRuntime
import MillraceOperations
import MillraceServer
import ServiceLifecycle
import UnixSignals

/// `millrace connect`: a process that runs the connectors of a configuration file.
struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Runs the connectors of a configuration file: other systems into topics, topics into other systems.",
        discussion: """
            The file is checked whole before anything starts. Processes with the same file share the work and fence each other. \
            SIGTERM commits what was read and ends. Its log goes to standard error. See docs/connect.md.

            \(ExitStatus.discussion)
            """)

    @Argument(help: "The configuration file, in JSON.", completion: .file())
    var file: String

    @Flag(help: "Only check the file. Nothing is connected to; secrets are read from their places.")
    var check = false

    @Option(
        help: "What to log: debug, info, warning, error.",
        completion: .list(Logger.Level.allCases.map(\.rawValue)), transform: { try Logger.Level(option: $0) })
    var logLevel = Logger.Level.info

    func run() async throws {
        try await reportingAsync {
            let configuration = try read()
            if check {
                let count = configuration.connectors.count
                return printLine("\(file): \(count == 1 ? "1 connector" : "\(count) connectors"), nothing is wrong")
            }
            try await serve(configuration)
        }
    }

    private func read() throws -> ConnectConfiguration {
        do {
            return try ConnectConfiguration(
                file: file, kinds: ConnectorKinds.all, serverProblem: ConnectServices.problem(ofServer:))
        } catch {
            throw OperationError(.usage, "\(file): \(error)", code: "configuration")
        }
    }

    private func serve(_ configuration: ConnectConfiguration) async throws {
        var logger = Logger(label: "connect") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        let services = try ConnectServices(configuration, logger: logger).all
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.enumerated().map { index, service in
                    // The worker's end is the process's.
                    index == 0
                        ? .init(
                            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                            failureTerminationBehavior: .cancelGroup)
                        : .init(service: service)
                }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
