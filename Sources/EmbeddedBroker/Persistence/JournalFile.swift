#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A failed call of the operating system about a file of the data directory.
package struct JournalFailure: Error, CustomStringConvertible {
    /// A text with the operation, the path and the reason.
    package let description: String
    /// Whether the file does not exist.
    let isMissingFile: Bool

    init(_ description: String) {
        self.description = description
        isMissingFile = false
    }

    /// Makes the failure of an operation, with the reason that the C library left in `errno`.
    init(_ what: String, _ path: String) {
        isMissingFile = errno == ENOENT
        description = "\(what) \(path): \(String(cString: strerror(errno)))"
    }
}

/// An open file, closed with its last owner. May be read on any thread.
final class JournalFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens it for reading and writing.
    ///
    /// - Parameter creating: whether to make it if it does not exist.
    init(_ path: String, creating: Bool = true) throws(JournalFailure) {
        self.path = path
        descriptor = open(path, O_RDWR | (creating ? O_CREAT : 0) | O_CLOEXEC, 0o644)
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
    /// - Returns: their number.
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

    /// Reads as many of the bytes as there are.
    func read(_ count: Int, at position: Int) throws(JournalFailure) -> [UInt8] {
        var failure: JournalFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = pread(
                    descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(position + done))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = JournalFailure("cannot read", path) }
                if got <= 0 { return }
                done += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Forces everything written to the disk.
    func flush() throws(JournalFailure) {
        guard fsync(descriptor) == 0 else { throw JournalFailure("cannot flush", path) }
    }

    /// Locks the file until it is closed, against every other process and every other opening in this one.
    func lock() throws(JournalFailure) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw JournalFailure(errno == EWOULDBLOCK ? "another broker uses" : "cannot lock", path)
        }
    }
}
