#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Memory that ends where reading further is a fault: a kernel that reads beyond the end of its vectors ends the test.
final class GuardedMemory {
    private let base: UnsafeMutableRawPointer
    private let size: Int
    private let page = Int(getpagesize())

    /// Makes memory for at least some bytes.
    init?(sizeInBytes: Int) {
        let pages = (sizeInBytes + page - 1) / page
        size = (pages + 1) * page
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED, mprotect(memory + pages * page, page, PROT_NONE) == 0 else {
            return nil
        }
        base = memory
    }

    deinit { munmap(base, size) }

    /// Puts values at the very end.
    func put<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafePointer<Value> {
        let length = values.count * MemoryLayout<Value>.stride
        let place = base + (size - page - length)
        values.withUnsafeBytes { bytes in
            if let first = bytes.baseAddress, length > 0 { place.copyMemory(from: first, byteCount: length) }
        }
        return UnsafePointer(place.assumingMemoryBound(to: Value.self))
    }
}
