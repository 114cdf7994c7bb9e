import ArgumentParser

/// The options of all workloads.
struct BenchOptions: ParsableArguments {
    @Option(help: "The number of records in a run.")
    var events = 1_000_000

    @Option(help: "The number of keys in the records.")
    var accounts = 100_000

    @Option(help: "Partitions of the input.")
    var partitions: Int32 = 8

    @Option(help: "Runs of each subject; the report shows the median.")
    var repetitions = 3

    @Option(help: "Brokers to measure on, as HOST:PORT,…; by default the embedded broker, in a separate process.")
    var bootstrapServers: String?

    @Option(help: "The folder for state; by default one under /dev/shm or the temporary folder.")
    var stateDirectory: String?

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Measure only variants whose name contains this.")
    var only: String?

    func validate() throws {
        guard events > 0, accounts > 0, partitions > 0, repetitions > 0 else {
            throw ValidationError("--events, --accounts, --partitions and --repetitions have to be at least 1")
        }
    }

    func wants(_ variant: String) -> Bool { only.map { variant.contains($0) } ?? true }
}
