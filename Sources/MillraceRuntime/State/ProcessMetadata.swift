import FoundationEssentials
import Logging
import Millrace

/// The file that keeps an instance's id from one start to the next.
enum ProcessMetadata {
    static let fileName = "millrace-process-metadata"

    /// Returns the id that is kept in a folder. If there is none that can be read, a new one is made and written.
    ///
    /// - Throws: `.stateStore` if it cannot be written.
    static func processID(in folder: String, logger: Logger) throws(StreamsError) -> UUID {
        let path = "\(folder)/\(fileName)"
        if let text = StateFiles.read(path) {
            if let stored = UUID(uuidString: text.split(separator: "\n").first.map(String.init) ?? "") { return stored }
            logger.warning("the process id cannot be read, a new one takes its place", metadata: ["path": "\(path)"])
        }
        let new = UUID()
        try StateFiles.write("\(new.uuidString.lowercased())\n", to: path)
        return new
    }
}
