import Foundation
import MillraceCommandLine

/// This program again, in a separate process.
final class Child {
    private let process = Process()
    private let output = Pipe()
    private var unread = Data()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        // An instance measures its start from here.
        process.arguments = arguments + (arguments.first == "subject" ? ["--start", "\(monotonicSeconds())"] : [])
        process.standardOutput = output
        try process.run()
    }

    /// The next line that the process prints; `nil` at the end.
    func line() -> String? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[unread.startIndex..<end], as: UTF8.self)
                unread.removeSubrange(unread.startIndex...end)
                return line
            }
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { return nil }
            unread.append(more)
        }
    }

    /// Returns the cost once the process has ended, for which it has three minutes.
    func sample() throws -> Sample {
        let arguments = process.arguments ?? []
        let bar = ProgressBar(
            "measuring \(arguments.prefix(2).joined(separator: " "))", json: CommandLine.arguments.contains("--json"))
        defer { bar.clear() }
        let process = process
        let limit = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 180, execute: limit)
        defer { limit.cancel() }
        var last: String?
        while let line = line() { last = line }
        process.waitUntilExit()
        guard process.terminationStatus == 0, let last else {
            throw BenchError("\(process.arguments ?? []) ended with \(process.terminationStatus)")
        }
        return try JSONDecoder().decode(Sample.self, from: Data(last.utf8))
    }

    /// The CPU time that the process has used so far, user and system.
    var cpuSeconds: Double {
        let path = "/proc/\(process.processIdentifier)/stat"
        // The name, in brackets, may contain spaces; the times are the 12th and 13th field after it.
        let fields =
            (try? String(contentsOfFile: path, encoding: .utf8))?
            .split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    static func sample(_ arguments: [String]) throws -> Sample { try Child(arguments).sample() }
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
