extension MetricFamily {
    /// The families of the process. They have the names that Prometheus' client libraries give them, and no labels.
    ///
    /// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
    static let ofProcess: [MetricFamily] = [
        MetricFamily(
            process: "cpu_seconds_total", .counter,
            "Processor time that the process has used, in user mode and in the kernel.",
            unit: .seconds
        ) { $0.cpuSeconds.map { .real($0) } },
        MetricFamily(
            process: "resident_memory_bytes", .gauge, "Memory of the process that is in RAM.", unit: .bytes
        ) { $0.residentMemoryBytes.map { .integer($0) } },
        MetricFamily(process: "open_fds", .gauge, "Open file descriptors.") { $0.openFiles.map { .integer($0) } },
        MetricFamily(process: "max_fds", .gauge, "Largest possible number of open file descriptors.") {
            $0.maxOpenFiles.map { .integer($0) }
        },
        MetricFamily(
            process: "start_time_seconds", .gauge, "Start of the process, in seconds since the epoch.", unit: .seconds
        ) { $0.startTimeSeconds.map { .real($0) } },
    ]
}
