import Glibc

/// An open file, which is closed when nothing refers to it any more.
final class FileDescriptor: IndexFile {
    let path: String
    private let number: Int32

    init(opening path: String, flags: Int32) throws(FileProblem) {
        self.path = path
        var opened: Int32
        repeat { opened = open(path, flags | O_CLOEXEC, 0o600) } while opened < 0 && errno == EINTR
        number = opened
        if opened < 0 { throw .system(path, "open the file") }
    }

    deinit { if number >= 0 { close(number) } }

    /// The number of bytes in the file.
    func size() throws(FileProblem) -> Int {
        var info = stat()
        guard fstat(number, &info) == 0 else { throw .system(path, "read the file's size") }
        return Int(info.st_size)
    }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try write(bytes) { Glibc.write(number, $0.baseAddress, $0.count) }
    }

    package func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws {
        var offset = 0
        try write(bytes) { rest in
            let count = pwrite(number, rest.baseAddress, rest.count, off_t(offset))
            offset += max(0, count)
            return count
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ call: (UnsafeRawBufferPointer) -> Int) throws(FileProblem) {
        var rest = bytes
        while !rest.isEmpty {
            let count = call(rest)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path, "write")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    package func sync() throws {
        guard fdatasync(number) == 0 else { throw FileProblem.system(path, "sync") }
    }

    /// Cuts the file.
    func truncate(to size: Int) throws(FileProblem) {
        guard ftruncate(number, off_t(size)) == 0 else { throw .system(path, "cut the file") }
        guard lseek(number, off_t(size), SEEK_SET) >= 0 else { throw .system(path, "go to the file's end") }
    }

    /// Maps the first bytes into memory, read-only.
    func map(_ size: Int) throws(FileProblem) -> UnsafeRawBufferPointer {
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, number, 0), base != MAP_FAILED else {
            throw .system(path, "map the file")
        }
        return UnsafeRawBufferPointer(start: base, count: size)
    }
}
