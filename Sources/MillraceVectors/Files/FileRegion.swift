import CVectorKernels
import Glibc

/// Bytes that do not change any more, at a multiple of 64 bytes: a mapped file, or memory. They are released when nothing refers to them.
// The bytes are written before the region is made.
final class FileRegion: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Maps a whole file.
    init(mapping path: String) throws(FileProblem) {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY)
        let size = try file.size()
        if size == 0 { throw .damaged(path, "the file is empty") }
        bytes = try file.map(size)
        isMapped = true
    }

    /// Takes memory of `millrace_allocate`.
    init(owning memory: UnsafeRawBufferPointer) {
        bytes = memory
        isMapped = false
    }

    deinit {
        guard let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
        if isMapped { munmap(base, bytes.count) } else { millrace_free(base) }
    }
}
