package import ArgumentParser
import MillraceOperations

/// `run`: an instance, until it is told to stop.
package struct RunVerb<Program: ProgramArguments>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run", abstract: "Runs a processor instance.", discussion: InstanceOptions.discussion)
    }

    @OptionGroup var program: Program
    @Flag(help: "One line of JSON for each event: states, restorations, the address of the server.") var json = false

    package init() {}

    package func run() async throws {
        guard json else { return try await program.runInstance() }
        do {
            try await InstanceReport.$isJSON.withValue(true) { try await program.runInstance() }
        } catch {
            // The statuses are those of an instance, with and without --json.
            if error is ExitCode { throw error }
            complain(OperationError(reporting: error, always: true)?.json.text ?? "\(error)")
            throw ExitCode(error is ValidationError ? 64 : 1)
        }
    }
}
