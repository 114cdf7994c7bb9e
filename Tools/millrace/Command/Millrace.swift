import ArgumentParser

/// Tools around Millrace.
@main
struct MillraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace", abstract: "Tools around Millrace.", subcommands: [Simulate.self])
}
