import ArgumentParser

/// The project's own command: `swift run millrace broker`, `swift run millrace simulate`.
@main
struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "Tools around Millrace applications.",
        subcommands: [BrokerCommand.self, Simulate.self])
}
