import ArgumentParser

/// Shows the risk score at work and proves its results.
@main
struct RiskDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "risk-demo",
        abstract: "Generates risk events, scores them exactly once and proves the result.",
        subcommands: [Show.self, Generate.self, Prove.self], defaultSubcommand: Show.self)
}

/// The settings that all parts of the demo need.
struct DemoOptions: ParsableArguments {
    @Option(help: "The brokers, HOST:PORT,…")
    var bootstrapServers: String

    @Option(help: "Partitions of the topics that have to be created.")
    var partitions: Int32 = 4

    @Option(help: "Names the application: its group, its internal topics and its state folder.")
    var applicationID = "risk-demo"

    var deadLetterTopic: String { "\(applicationID)-dead-letters" }

    /// The settings of every client of the demo. Answers may be large, because some brokers ignore the limits of a fetch.
    var clientSettings: [String: String] {
        ["receive.message.max.bytes": "2000000000"]
    }
}

/// The settings of the events.
struct GeneratorOptions: ParsableArguments {
    @Option(help: "Events per second.")
    var rate = 2_000

    @Option(help: "How many accounts there are; a few of them have most of the events.")
    var accounts = 10_000

    @Option(help: "Seed of the events; random by default, and printed.")
    var seed: UInt64?

    func validate() throws {
        guard (1...10_000_000).contains(rate), accounts > 0 else {
            throw ValidationError("--rate has to be from 1 to 10000000, and --accounts positive")
        }
    }
}
