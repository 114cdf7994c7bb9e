#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An open file, which is closed with its last owner.
final class OpenFile {
    private let path: String
    private let descriptor: Int32

    /// - Throws: ``ConnectorError``, temporary: the file may come.
    convenience init(reading path: String) throws(ConnectorError) {
        try self.init(path, O_RDONLY | O_CLOEXEC)
    }

    /// Opens a file to add to it, and makes it if there is none. Only one process at a time has it open in this way.
    ///
    /// - Throws: ``ConnectorError``, temporary: another process may have it.
    convenience init(extending path: String) throws(ConnectorError) {
        try self.init(path, O_RDWR | O_CREAT | O_CLOEXEC)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw ConnectorError(.temporary, "another process writes to \(path)")
        }
    }

    private init(_ path: String, _ flags: Int32) throws(ConnectorError) {
        self.path = path
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else { throw Self.failure("opened", path) }
    }

    deinit { close(descriptor) }

    private static func failure(_ verb: String, _ path: String) -> ConnectorError {
        ConnectorError(.temporary, "\(path) cannot be \(verb): \(String(cString: strerror(errno)))")
    }

    /// Waits a moment for another program to write.
    static func pause() { usleep(10_000) }

    /// - Throws: ``ConnectorError``.
    func size() throws(ConnectorError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure("read", path) }
        return Int(status.st_size)
    }

    /// Returns at most a number of bytes from an offset on; none at the end of the file.
    ///
    /// - Throws: ``ConnectorError``.
    func read(_ count: Int, from offset: Int) throws(ConnectorError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
        guard read >= 0 else { throw Self.failure("read", path) }
        bytes.removeLast(count - read)
        return bytes
    }

    /// Makes the file shorter, or writes at its end, and waits until the disk has it.
    ///
    /// - Throws: ``ConnectorError``.
    func replace(from offset: Int, with bytes: [UInt8]) throws(ConnectorError) {
        guard ftruncate(descriptor, off_t(offset)) == 0 else { throw Self.failure("written", path) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(
                    descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
            }
            guard count > 0 else { throw Self.failure("written", path) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw Self.failure("written", path) }
    }
}
