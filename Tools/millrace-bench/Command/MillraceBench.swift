import ArgumentParser

/// `millrace-bench`: what a record costs, beside what it has to cost at the least.
@main
struct MillraceBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace-bench",
        abstract: "Measures what a record costs: CPU, memory, time; and what the same work costs by hand.",
        discussion: """
            Each measurement runs in a process of its own. Millrace and the ceilings, which are programs in C over the same \
            librdkafka and RocksDB, take turns on the same broker and the same data. CPU is that of the whole process, \
            user and system, and says more than the time: the broker shares the machine. Build with -c release.
            """,
        subcommands: [
            Risk.self, Passthrough.self, TopologyLoops.self, Restore.self, Latency.self, Startup.self, Scale.self,
            All.self, Subject.self, Ceiling.self, Broker.self,
        ])
}

/// Every workload, one after the other.
struct All: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "All workloads; within 20 minutes on two cores.")

    @OptionGroup var options: BenchOptions

    func run() throws {
        var report = Report()
        try TopologyLoops.measure(options, into: &report)
        try Risk.measure(options, into: &report)
        try Passthrough.measure(options, into: &report)
        try Restore.measure(options, into: &report)
        try Latency.measure(options, into: &report)
        try Startup.measure(options, into: &report)
        try Scale.measure(options, into: &report)
        try report.print(asJSON: options.json)
    }
}
