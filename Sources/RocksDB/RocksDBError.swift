/// A failure reported by RocksDB: its kind, RocksDB's message, the operation and the database.
package struct RocksDBError: Error, Sendable, Hashable {
    /// The kind of failure. Open: RocksDB may learn new ones, which arrive as ``other``.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        private init(_ description: String) { self.description = description }

        /// Reading or writing a file failed, for another reason than those below.
        package static let ioError = Code("I/O error")
        /// The disk is full, or a quota or the process's limit on the size of a file is reached.
        package static let noSpace = Code("no space")
        /// Another process, or another `Database` of this one, has the directory open.
        package static let locked = Code("locked")
        /// A file does not hold what RocksDB wrote into it.
        package static let corruption = Code("corruption")
        /// An option or argument is wrong; also a missing database that was not to be created.
        package static let invalidArgument = Code("invalid argument")
        /// A file or record that should be there is not. A key without a value is no error.
        package static let notFound = Code("not found")
        /// This RocksDB was built without it.
        package static let notSupported = Code("not supported")
        /// RocksDB is busy with something that excludes the operation; trying again later may succeed.
        package static let busy = Code("busy")
        /// RocksDB aborted the operation.
        package static let aborted = Code("aborted")
        /// The operation waited too long.
        package static let timedOut = Code("timed out")
        /// The answer is in a file, but only memory was to be read.
        package static let incomplete = Code("incomplete")
        /// The database is being closed.
        package static let shutdownInProgress = Code("shutdown in progress")
        /// The ``Database`` has been closed.
        package static let closed = Code("closed")
        /// Anything else: see the message.
        package static let other = Code("other")
    }

    /// The kind of failure.
    package let code: Code
    /// RocksDB's message, with its prefix.
    package let message: String
    /// The operation, as the name of a method of this module: "open", "put", "flush".
    package let operation: String
    /// The directory of the database.
    package let path: String

    package init(code: Code, message: String, operation: String, path: String) {
        self.code = code
        self.message = message
        self.operation = operation
        self.path = path
    }

    /// An error from the text of a RocksDB status; the text is all that the C API gives.
    package init(statusText: String, operation: String, path: String) {
        self.init(code: Code(statusText: statusText), message: statusText, operation: operation, path: path)
    }
}

extension RocksDBError: CustomStringConvertible {
    package var description: String { "RocksDB \(operation) of \(path): \(code): \(message)" }
}

extension RocksDBError.Code {
    /// Reads the code from `Status::ToString` (util/status.cc): "code: subcode: file: reason".
    init(statusText text: String) {
        let kinds: [(prefix: String, code: Self)] = [
            ("IO error", .ioError), ("Corruption", .corruption), ("Invalid argument", .invalidArgument),
            ("NotFound", .notFound), ("Not found", .notFound), ("Not implemented", .notSupported),
            ("Resource busy", .busy), ("Operation aborted", .aborted), ("Operation timed out", .timedOut),
            ("Operation failed. Try again", .busy), ("Result incomplete", .incomplete),
            ("Shutdown in progress", .shutdownInProgress),
        ]
        let kind = kinds.first { text.hasPrefix($0.prefix) }?.code ?? .other
        switch kind {
        case .ioError where text.isLockFailure: self = .locked
        case .ioError where text.isLackOfSpace: self = .noSpace
        default: self = kind
        }
    }
}

extension String {
    /// The first is the message about a lock of another process, the second about one of this process (env/fs_posix.cc,
    /// `LockFile`).
    fileprivate var isLockFailure: Bool {
        hasPrefix("IO error: While lock file: ") || hasPrefix("IO error: lock ")
    }

    /// The subcodes of `Status::NoSpace` and `Status::SpaceLimit`, or the text of ENOSPC, EDQUOT or EFBIG behind a file's
    /// name.
    fileprivate var isLackOfSpace: Bool {
        let reasons = ["No space left on device", "Disk quota exceeded", "File too large"]
        return reasons.contains { hasSuffix($0) } || hasPrefix("IO error: No space left on device")
            || hasPrefix("IO error: Space limit reached")
    }
}
