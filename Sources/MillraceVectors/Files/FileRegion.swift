import CVectorKernels
import Glibc

/// Bytes that do not change any more, at a multiple of 64 bytes: a mapped file, or memory. They are released when nothing refers to them.
// The bytes are written before the region is made.
package final class FileRegion: @unchecked Sendable {
    package let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Maps a whole file.
    init(mapping path: String) throws(FileProblem) {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY)
        let size = try file.size()
        bytes = size == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : try file.map(size)
        isMapped = true
    }

    /// Takes memory of `millrace_allocate`.
    package init(owning memory: UnsafeRawBufferPointer) {
        bytes = memory
        isMapped = false
    }

    deinit {
        guard let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
        if isMapped { munmap(base, bytes.count) } else { millrace_free(base) }
    }
}
