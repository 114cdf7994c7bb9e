import ArgumentParser
import EmbeddedBroker
import Foundation
import Logging

/// The embedded broker, for workloads that name no other. It ends when its standard input ends.
struct Broker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    func run() async throws {
        var configuration = EmbeddedBrokerConfiguration()
        configuration.port = 0
        configuration.logger = Logger(label: "broker") { StreamLogHandler.standardError(label: $0) }
        configuration.logger.logLevel = .warning
        let broker = try await EmbeddedBroker.start(configuration)
        try FileHandle.standardOutput.write(contentsOf: Data("\(broker.bootstrapServers)\n".utf8))
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}
