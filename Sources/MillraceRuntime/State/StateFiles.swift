import FoundationEssentials
import Glibc
import Millrace

/// The few operations on files that a state directory needs, with errors that name the path and the system's reason.
enum StateFiles {
    /// Creates a directory, and those above it, that only the user can read. A directory that exists is left unchanged.
    ///
    /// - Throws: `.stateStore`, also if something else has the name.
    static func createDirectory(_ path: String) throws(StreamsError) {
        if isDirectory(path) { return }
        if let slash = path.dropLast().lastIndex(of: "/"), slash != path.startIndex {
            try createDirectory(String(path[..<slash]))
        }
        guard mkdir(path, 0o700) != 0 else { return }
        let number = errno
        if number == EEXIST, isDirectory(path) { return }
        throw failure("create the directory", path, number)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// Returns the names in a directory, in no order; none if it does not exist or cannot be read.
    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Renames a file or directory. Returns whether it existed.
    static func move(_ path: String, to target: String) throws(StreamsError) -> Bool {
        guard rename(path, target) != 0 else { return true }
        if errno == ENOENT, !exists(path) { return false }
        throw failure("move", path, errno)
    }

    /// Deletes a file, or a directory with everything in it.
    static func remove(_ path: String) throws(StreamsError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw StreamsError(.stateStore, "cannot delete \(path)", underlying: error)
        }
    }

    /// Returns the text of a small file; `nil` if there is none that can be read.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return read(descriptor)
    }

    /// Returns the first 256 bytes of an open file as text.
    static func read(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Writes a small file in one step: a reader finds either all of it or the earlier content, also after a crash.
    static func write(_ text: String, to path: String) throws(StreamsError) {
        let draft = path + ".tmp"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("create", draft, errno) }
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        // A write that stops short has reached the end of the disk.
        let number = written < 0 ? errno : written < bytes.count ? ENOSPC : fsync(descriptor) == 0 ? 0 : errno
        close(descriptor)
        guard number == 0 else { throw failure("write", draft, number) }
        guard try move(draft, to: path) else { throw failure("move", draft, ENOENT) }
    }

    /// Sets a file's time of modification to now, if it exists and this process is allowed to.
    static func touch(_ path: String) { _ = utimensat(AT_FDCWD, path, nil, 0) }

    /// Returns the time of a file's last modification, in seconds since the epoch; `nil` if the file does not exist.
    static func modified(_ path: String) -> Int64? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        return Int64(info.st_mtim.tv_sec)
    }

    static func failure(_ operation: String, _ path: String, _ number: Int32) -> StreamsError {
        StreamsError.stateFile(
            StateFileError(operation: operation, path: path, number: number, reason: String(cString: strerror(number))))
    }
}
