import FoundationEssentials
import Glibc

/// The figures of the operating system on this process, as Prometheus' client libraries report them.
///
/// Source: proc(5). Where there is no /proc, all are unknown.
struct ProcessMetrics: Sendable, Hashable {
    /// The processor time that the process has used, in user mode and in the kernel.
    var cpuSeconds: Double?
    var residentMemoryBytes: Int?
    var openFiles: Int?
    var maxOpenFiles: Int?
    /// The start of the process in seconds since the epoch.
    var startTimeSeconds: Double?
}

extension ProcessMetrics {
    /// Reads the figures of this process.
    static func read() -> ProcessMetrics {
        var metrics = ProcessMetrics()
        let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        if let fields = contents(of: "/proc/self/stat").flatMap(statFields) {
            metrics.cpuSeconds = (fields.userTicks + fields.systemTicks) / ticksPerSecond
            metrics.residentMemoryBytes = Int(exactly: fields.residentPages).flatMap {
                let (bytes, overflow) = $0.multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE))))
                return overflow ? nil : bytes
            }
            if let bootTime = contents(of: "/proc/stat").flatMap(bootTime) {
                metrics.startTimeSeconds = bootTime + fields.startTicks / ticksPerSecond
            }
        }
        // The listing itself opens one.
        metrics.openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { $0.count - 1 }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            metrics.maxOpenFiles = Int(clamping: limit.rlim_cur)
        }
        return metrics
    }

    struct StatFields: Hashable {
        var userTicks: Double
        var systemTicks: Double
        var startTicks: Double
        var residentPages: Double
    }

    /// Reads the line of `/proc/self/stat`. The name of the program stands in parentheses and may contain anything, also a parenthesis.
    static func statFields(_ line: String) -> StatFields? {
        guard let end = line.lastIndex(of: ")") else { return nil }
        // The first of these is field 3.
        let fields = line[line.index(after: end)...].split(separator: " ").map { Double($0) }
        func field(_ number: Int) -> Double? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
        guard let user = field(14), let system = field(15), let start = field(22), let pages = field(24) else {
            return nil
        }
        return StatFields(userTicks: user, systemTicks: system, startTicks: start, residentPages: pages)
    }

    /// Reads the time of the system's start from `/proc/stat`, in seconds since the epoch.
    static func bootTime(_ text: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) }
    }

    private static func contents(of path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }
}
