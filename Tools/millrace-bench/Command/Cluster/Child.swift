import ChildProcesses
import Foundation
import MillraceCommandLine

/// This program again, in a separate process.
final class Child {
    private let process: ChildProcess
    private let arguments: [String]
    private var output: LineReader

    init(_ arguments: [String]) throws {
        // An instance measures its start from here.
        self.arguments = arguments + (arguments.first == "subject" ? ["--start", "\(monotonicSeconds())"] : [])
        let pipe = Pipe()
        process = try ChildProcess(
            URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(), self.arguments, output: .pipe(pipe),
            errors: .inherited)
        output = LineReader(pipe)
    }

    /// The next line that the process prints; `nil` at the end.
    func line() -> String? { output.next() }

    /// Returns the cost once the process has ended, for which it has three minutes.
    func sample() throws -> Sample {
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
            throw BenchError("\(arguments) ended with \(process.terminationStatus)")
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

    func stop() { process.stop() }

    static func sample(_ arguments: [String]) throws -> Sample { try Child(arguments).sample() }
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
