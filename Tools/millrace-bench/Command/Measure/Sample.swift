import AllocationCounter
import Foundation

/// The cost of one run.
struct Sample: Codable, Sendable {
    var records: Int
    /// From the first record to the last.
    var seconds: Double
    /// User and system, of the whole process.
    var cpuSeconds: Double
    /// `nil` if it was not measured.
    var peakRSSInBytes: Int?
    /// `nil` if they were not counted.
    var allocations: Int?
    /// Other figures by name, such as percentiles in milliseconds.
    var others: [String: Double]?

    var recordsPerSecond: Double { Double(records) / seconds }
    var cpuMicrosecondsPerRecord: Double { cpuSeconds * 1e6 / Double(records) }
    var nanosecondsPerRecord: Double { seconds * 1e9 / Double(records) }
    var allocationsPerRecord: Double? { allocations.map { Double($0) / Double(records) } }
    var peakRSSInMiB: Double? { peakRSSInBytes.map { Double($0) / 1_048_576 } }

    func printed() throws {
        print(String(decoding: try JSONEncoder().encode(self), as: UTF8.self))
        fflush(nil)
    }
}

/// Counts the costs of this process from now on.
struct ProcessMeter {
    private let cpuSeconds: Double
    private let allocations: Int64

    init() {
        cpuSeconds = Self.usage().cpuSeconds
        allocations = allocation_count()
    }

    func sample(records: Int, seconds: Double, others: [String: Double]? = nil) -> Sample {
        let usage = Self.usage()
        return Sample(
            records: records, seconds: seconds, cpuSeconds: usage.cpuSeconds - cpuSeconds,
            peakRSSInBytes: usage.peakRSSInBytes, allocations: Int(allocation_count() - allocations), others: others)
    }

    static func usage() -> (cpuSeconds: Double, peakRSSInBytes: Int) {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        let microseconds = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        return (seconds + microseconds / 1e6, peakRSSInBytes ?? Int(usage.ru_maxrss) * 1_024)
    }

    /// The peak that the kernel reports for this process alone: `ru_maxrss` begins with the value of the process that started
    /// it.
    private static var peakRSSInBytes: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1_024 }
    }
}

/// Seconds on the clock that all processes of the machine share.
func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
