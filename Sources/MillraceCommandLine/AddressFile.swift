import ArgumentParser
import MillraceOperations

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A file that has the address of a server, as one line, while the server listens. Other programs find a port there that the system has
/// chosen.
///
/// The file appears as a whole, after the server has begun to listen. One that was left by a process that was killed is removed before.
package struct AddressFile: Sendable {
    private let path: String

    /// Removes what is left of an earlier server.
    ///
    /// - Throws: `ValidationError` if the path cannot be a file's.
    package init(_ path: String) throws {
        self.path = path
        var isFolder = false
        guard !path.isEmpty, !path.utf8.contains(0) else { throw ValidationError("--address-file must be a path") }
        let files = FileManager.default
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
            throw ValidationError("--address-file \(path): there is no folder \(folder)")
        }
        if files.fileExists(atPath: path, isDirectory: &isFolder) {
            guard !isFolder else { throw ValidationError("--address-file \(path): this is a folder") }
            do { try files.removeItem(atPath: path) } catch {
                throw ValidationError("--address-file \(path): the file that is there cannot be removed")
            }
        }
    }

    /// Writes the address.
    ///
    /// - Throws: `OperationError` if the file cannot be written.
    package func write(_ address: String) throws {
        do {
            try Data("\(address)\n".utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw OperationError(.failed, "the address cannot be written to \(path): \(error)")
        }
    }

    /// Removes the file, if it has this address.
    package func remove(_ address: String) {
        // Another server may have written to it since.
        guard (try? Data(contentsOf: URL(filePath: path))) == Data("\(address)\n".utf8) else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}
