import ArgumentParser

/// Puts a broker under load, to see whether it keeps its promises, and how fast it is.
@main
struct BrokerLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker-load", abstract: "Puts a Kafka broker under load.",
        subcommands: [FullDisk.self, Kill.self, Memory.self, Throughput.self])
}
