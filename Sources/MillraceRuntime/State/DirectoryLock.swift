import Glibc
import Millrace

/// The exclusive possession of a directory by this object, held through a lock on the open file `.lock` in it.
///
/// `flock` binds the lock to the open descriptor. The lock ends when the descriptor is closed and when the process ends, however it
/// ends, and a second lock is refused within the process too. The file holds the owner's process id for others to read. It is never
/// deleted.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: `.stateStore`: something else holds the lock, or the file cannot be written or locked.
    init(_ directory: String) throws(StreamsError) {
        let path = directory + "/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StateFiles.failure("open", path, errno) }
        var result: Int32
        repeat { result = flock(descriptor, LOCK_EX | LOCK_NB) } while result != 0 && errno == EINTR
        guard result == 0 else {
            let number = errno
            defer { close(descriptor) }
            guard number == EWOULDBLOCK else { throw StateFiles.failure("lock", path, number) }
            let owner = StateFiles.read(descriptor).flatMap { Int($0.prefix { $0 != "\n" }) }
            throw StreamsError(
                .stateStore,
                "the state directory \(directory) is in use by \(owner.map { "process \($0)" } ?? "another process"); "
                    + "each instance on a machine needs a state directory of its own")
        }
        // The owner's id is only for people to read, so writing it may fail.
        let owner = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = owner.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        self.descriptor = descriptor
    }

    deinit {
        // Closing is not enough while a child process that is forked but not executing yet has the descriptor too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
