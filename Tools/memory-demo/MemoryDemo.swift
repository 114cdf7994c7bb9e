import ArgumentParser

/// Shows a fleet of agents that share a memory in PostgreSQL, with Redis and caches in between, and proves that it is exact.
@main
struct MemoryDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory-demo",
        abstract: "Runs agents over a table of PostgreSQL, breaks what can break, and proves the result.",
        subcommands: [Show.self, Agent.self], defaultSubcommand: Show.self)
}

/// The servers that an agent uses.
struct ServerOptions: ParsableArguments {
    @Option(help: "The brokers, HOST:PORT,…")
    var bootstrapServers: String

    @Option(help: "The port of PostgreSQL on 127.0.0.1.")
    var postgresPort: Int

    @Option(help: "The port of Redis on 127.0.0.1.")
    var redisPort: Int
}
