#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A failed call of the operating system about a file of the journal.
package struct JournalFailure: Error, CustomStringConvertible {
    /// What failed, the path and why.
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    /// What failed, with the reason that the C library left in `errno`.
    init(_ what: String, _ path: String) {
        description = "\(what) \(path): \(String(cString: strerror(errno)))"
    }
}

/// An open file, closed with its last owner.
final class JournalFile {
    let path: String
    private let descriptor: Int32

    /// Opens it for reading and writing, making it if need be.
    init(_ path: String) throws(JournalFailure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw JournalFailure("cannot open", path) }
    }

    deinit {
        close(descriptor)
    }

    func sizeInBytes() throws(JournalFailure) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw JournalFailure("cannot look at", path) }
        return Int(status.st_size)
    }

    func truncate(to sizeInBytes: Int) throws(JournalFailure) {
        guard ftruncate(descriptor, off_t(sizeInBytes)) == 0 else { throw JournalFailure("cannot truncate", path) }
    }

    /// Writes all of the bytes.
    ///
    /// - Returns: how many they are.
    @discardableResult
    func write(_ bytes: [UInt8], at position: Int) throws(JournalFailure) -> Int {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(
                    descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written,
                    off_t(position + written))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw JournalFailure("cannot write to", path) }
            written += count
        }
        return written
    }

    /// As many of the bytes as there are.
    func read(_ count: Int, at position: Int) throws(JournalFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(position + done))
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw JournalFailure("cannot read", path) }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// Forces what was written to the disk.
    func flush() throws(JournalFailure) {
        guard fsync(descriptor) == 0 else { throw JournalFailure("cannot flush", path) }
    }

    /// Keeps every other process, and every other opening in this one, out until the file is closed.
    func lock() throws(JournalFailure) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw JournalFailure(errno == EWOULDBLOCK ? "another broker uses" : "cannot lock", path)
        }
    }
}
