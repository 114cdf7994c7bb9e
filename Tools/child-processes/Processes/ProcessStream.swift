package import Foundation

/// The other end of a process's input or output.
package enum ProcessStream: Sendable {
    /// Input that is at its end, or output that nobody reads.
    case nothing
    /// The stream of this process.
    case inherited
    /// A file that is open. It may be closed once the process has started.
    case file(FileHandle)
    /// A pipe, of which this process keeps the other end.
    case pipe(Pipe)

    /// Opens a file for output, which is made if it is missing and continued if it exists.
    ///
    /// - Throws: Foundation's error if that is impossible.
    package static func log(_ file: URL) throws -> ProcessStream {
        if !FileManager.default.fileExists(atPath: file.path) {
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        return .file(handle)
    }

    /// Returns the file that becomes the stream with a number in the process; `nil` if the process has that of this one.
    func handle(for stream: Int32) -> FileHandle? {
        switch self {
        case .nothing: .nullDevice
        case .inherited: nil
        case .file(let handle): handle
        case .pipe(let pipe): stream == STDIN_FILENO ? pipe.fileHandleForReading : pipe.fileHandleForWriting
        }
    }

    /// Closes the end of a pipe that belongs to the process.
    func closeAfterStart(_ stream: Int32) {
        if case .pipe = self { try? handle(for: stream)?.close() }
    }
}
