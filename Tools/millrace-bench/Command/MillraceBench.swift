import ArgumentParser

/// `millrace-bench`: measures the cost of a record and the least that it can cost.
@main
struct MillraceBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace-bench",
        abstract: "Measures what a record costs in CPU, memory and time, beside hand-written code.",
        discussion: """
            Each measurement runs in a separate process. Millrace and the ceilings, which are programs in C over the same \
            librdkafka and RocksDB, take turns on the same broker and the same data. CPU is that of the whole process, \
            user and system, and says more than the time: the broker shares the machine. Build with -c release.
            """,
        subcommands: [
            Risk.self, Passthrough.self, TopologyLoops.self, Restore.self, Latency.self, Startup.self, Scale.self,
            Queries.self, HTTPReads.self, ReadLatency.self, Vectors.self, EmbeddingCaches.self,
            All.self, Subject.self, Ceiling.self, Broker.self, HTTPInstance.self, HTTPPing.self, HTTPClientLoad.self,
        ])
}

/// Every workload, one after the other.
struct All: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "All workloads; takes less than 20 minutes on two cores.")

    @OptionGroup var options: BenchOptions

    func run() throws {
        var report = Report()
        let workloads: [(name: String, measure: (BenchOptions, inout Report) throws -> Void)] = [
            ("topology", { try TopologyLoops.measure($0, into: &$1) }), ("risk", { try Risk.measure($0, into: &$1) }),
            ("passthrough", { try Passthrough.measure($0, into: &$1) }),
            ("restore", { try Restore.measure($0, into: &$1) }),
            ("latency", { try Latency.measure($0, into: &$1) }), ("startup", { try Startup.measure($0, into: &$1) }),
            ("scale", { try Scale.measure($0, into: &$1) }),
        ]
        // A workload that fails does not stop the others; its measurements are kept.
        var failed: [String] = []
        for workload in workloads {
            do { try workload.measure(options, &report) } catch { failed.append("\(workload.name): \(error)") }
        }
        try report.print(asJSON: options.json)
        if !failed.isEmpty { throw BenchError(failed.joined(separator: "\n")) }
    }
}
