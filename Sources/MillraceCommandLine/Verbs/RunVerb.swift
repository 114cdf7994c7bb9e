package import ArgumentParser

/// `run`: an instance, until it is told to stop.
package struct RunVerb<Program: ProgramArguments>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run", abstract: "Runs a processor instance.", discussion: InstanceOptions.discussion)
    }

    @OptionGroup var program: Program

    package init() {}

    package func run() async throws { try await program.runInstance() }
}
