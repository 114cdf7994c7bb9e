import Foundation

/// One reading of the stream.
struct Turn {
    var entries: Int
    var seconds: Double
    /// The processor time of the process that reads, in seconds.
    var cpuSeconds: Double
    /// The largest size of that process, in MiB, if it is one of its own.
    var peakInMiB: Int?

    var rate: Double { Double(entries) / seconds }
    /// Microseconds.
    var cpuPerEntry: Double { cpuSeconds / Double(entries) * 1_000_000 }

    /// Measures what a closure does in this process.
    static func measured(_ entries: Int, _ body: () throws -> Void) rethrows -> Turn {
        let (start, cpu) = (ContinuousClock.now, ProcessFigures.ofThisProcess.cpuSeconds)
        try body()
        return Turn(
            entries: entries, seconds: (ContinuousClock.now - start) / .seconds(1),
            cpuSeconds: ProcessFigures.ofThisProcess.cpuSeconds - cpu)
    }
}

/// The figures of a process, as Linux tells them.
struct ProcessFigures {
    var cpuSeconds: Double
    var peakInMiB: Int

    static var ofThisProcess: ProcessFigures { ProcessFigures(ProcessInfo.processInfo.processIdentifier) }

    init(_ process: Int32) {
        let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        // The fields after the name, which may have blanks.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = [11, 12].reduce(0.0) { sum, index in
            sum + (fields.indices.contains(index) ? Double(fields[index]) ?? 0 : 0)
        }
        cpuSeconds = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
        peakInMiB = kibibytes / 1_024
    }
}
