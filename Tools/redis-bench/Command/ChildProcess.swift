import Foundation

/// A program that runs beside this one.
final class ChildProcess {
    private let process = Process()

    init(_ program: String, _ arguments: [String], log: URL? = nil) throws {
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let log {
            guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
                throw Failure("\(log.path) cannot be made")
            }
            let file = try FileHandle(forWritingTo: log)
            (process.standardOutput, process.standardError) = (file, file)
        }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    var figures: ProcessFigures { ProcessFigures(process.processIdentifier) }

    func stop() {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }
}
