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

    @Flag(help: "One line of JSON for each event: the server's address, and the states of connectors and tasks.")
    var json = false

    func run() async throws {
        try await reportingAsync(json: json) {
            let configuration = try read()
            if check { return report(configuration) }
            try await InstanceReport.$isJSON.withValue(json) { try await serve(configuration) }
        }
    }

    private func report(_ configuration: ConnectConfiguration) {
        let count = configuration.connectors.count
        if json {
            let checked: JSONFragment = .members(["file": .string(file), "connectors": .number(Int64(count))])
            printLine(checked.text)
        } else {
            printLine("\(file): \(count == 1 ? "1 connector" : "\(count) connectors"), nothing is wrong")
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
        let connect = try ConnectServices(configuration, logger: logger)
        let services = connect.all + (json ? [ConnectorStateLines(worker: connect.worker)] : [])
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

/// Lines of JSON about the states of connectors and their tasks, for programs.
private struct ConnectorStateLines: Service {
    let worker: ConnectWorker

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var last: [String: ConnectorState] = [:]
            while !Task.isCancelled {
                for connector in worker.status {
                    report(connector.name, nil, connector.state, &last)
                    for task in connector.tasks { report(connector.name, task.name, task.state, &last) }
                }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func report(
        _ connector: String, _ task: String?, _ state: ConnectorState, _ last: inout [String: ConnectorState]
    ) {
        let key = task.map { "\(connector)/\($0)" } ?? connector
        guard last.updateValue(state, forKey: key) != state else { return }
        let report = InstanceReport(json: true)
        if let task {
            report.event(
                "task",
                ["connector": .string(connector), "task": .string(task), "state": .string(state.rawValue)])
        } else {
            report.event("connector", ["connector": .string(connector), "state": .string(state.rawValue)])
        }
    }
}
