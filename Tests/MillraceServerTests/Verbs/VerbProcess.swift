import ChildProcesses
import Foundation
import Testing

/// The `millrace` command of this build as a process, with what it has written so far.
struct VerbProcess {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/debug")

    private let process: ChildProcess
    private let folder = FileManager.default.temporaryDirectory.appending(path: "verb-\(UUID().uuidString)")
    private let arguments: [String]

    static func program(_ name: String) -> URL { folder.appending(path: name) }

    /// - Parameters:
    ///   - program: a program of this build, or another one.
    ///   - environment: the variables of the command's own, beside `PATH`.
    init(
        _ arguments: [String], of program: URL = program("millrace"), environment: [String: String] = [:]
    ) throws {
        self.arguments = arguments
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process = try ChildProcess(
            program, arguments, environment: environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own },
            output: .log(folder.appending(path: "output")), errors: .log(folder.appending(path: "errors")))
    }

    private func lines(of name: String) throws -> [String] {
        let text = String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
        return (isRunning ? text[..<(text.lastIndex(of: "\n") ?? text.startIndex)] : text[...])
            .split(separator: "\n").map(String.init)
    }

    /// The complete lines of standard output.
    var output: [String] { get throws { try lines(of: "output") } }
    var errors: [String] { get throws { try lines(of: "errors") } }
    var isRunning: Bool { process.isRunning }

    func interrupt() { process.interrupt() }
    func terminate() { process.terminate() }

    /// Waits for the end of the command.
    func end(within limit: Duration = .seconds(300)) async throws -> VerbOutcome {
        defer {
            if process.isRunning { process.terminate() }
            try? FileManager.default.removeItem(at: folder)
        }
        try await eventually("the end of \(arguments.joined(separator: " "))", within: limit) { !process.isRunning }
        return VerbOutcome(status: process.terminationStatus, output: try output, errors: try errors)
    }

    /// Runs the command to its end.
    static func run(
        _ arguments: [String], of program: URL = program("millrace"), environment: [String: String] = [:],
        within limit: Duration = .seconds(300)
    ) async throws -> VerbOutcome {
        try await VerbProcess(arguments, of: program, environment: environment).end(within: limit)
    }
}

/// The outcome of a command.
struct VerbOutcome {
    var status: Int32
    var output: [String]
    var errors: [String]

    /// The objects of standard output, which must have one a line and nothing else.
    var objects: [[String: Any]] {
        get throws { try output.map { try #require(Self.object($0), "\($0)") } }
    }

    /// The code of the error, which must be one line of JSON.
    var code: String? { errors.count == 1 ? Self.object(errors[0])?["code"] as? String : nil }

    private static func object(_ line: String) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
    }
}
