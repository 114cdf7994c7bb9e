import ArgumentParser
import Foundation
import Hummingbird
import Logging
import Millrace
import MillraceRuntime
import MillraceServer
import NIOCore

/// An instance of the risk topology with its server, in a separate process. It prints a line when it listens.
struct HTTPInstance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "http-instance", shouldDisplay: false)

    @Option var bootstrap: String
    @Option var group: String
    @Option var state: String
    @Option var port: Int
    @Flag var exactlyOnce = false

    func run() async throws {
        let address = InstanceAddress(host: "127.0.0.1", port: port)
        var configuration = StreamsConfiguration(
            applicationID: group, bootstrapServers: [bootstrap], stateDirectory: state)
        configuration.guarantee = exactlyOnce ? .exactlyOnce : .atLeastOnce
        configuration.commitInterval = .milliseconds(100)
        configuration.applicationServer = address.description
        var logger = Logger(label: "instance") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let application = StreamsApplication(
            try SubjectTopology.risk.make(), configuration: configuration, logger: logger)
        let server = MillraceServer(
            application: application, configuration: .init(address: address), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask { try await server.run() }
            if await server.address != nil { announce("\(port)") }
            try await group.waitForAll()
        }
    }
}

/// The least that a server of Hummingbird does, in a separate process. It prints its port when it listens.
struct HTTPPing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "http-ping", shouldDisplay: false)

    func run() async throws {
        let router = Router()
        router.get("/ping") { _, _ in "pong" }
        var logger = Logger(label: "ping") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let ping = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { announce("\($0.localAddress?.port ?? 0)") }, logger: logger)
        try await ping.run()
    }
}

/// A client of one of the servers in a separate process, at a fixed rate. It prints a line when it is connected, and its cost at the
/// end.
struct HTTPClientLoad: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "http-load", shouldDisplay: false)

    @Option var port: Int
    /// Requests per second.
    @Option var rate: Int
    @Option var seconds: Double
    @Option var connections: Int
    /// The number of accounts to read; 0 asks for `/ping`.
    @Option var accounts: Int

    func run() throws {
        let meter = ProcessMeter()
        let requests = accounts == 0 ? [HTTPLoad.get("/ping")] : Server.scattered(accounts).map { Server.get($0) }
        let load = try HTTPLoad(port: port, connections: connections, requests: requests)
        announce("connected")
        let count = try load.run(seconds: seconds, rate: rate)
        try meter.sample(records: max(1, count), seconds: seconds).printed()
    }
}

private func announce(_ line: String) {
    print(line)
    fflush(nil)
}
