import CVectorKernels

/// Memory that a segment is written to, of a size that is known before.
package final class NewMemory: IndexFile {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0
    private var isHandedOver = false

    /// - Throws: `VectorProblem` with code `.outOfMemory`.
    package init(sizeInBytes: Int) throws(VectorProblem) {
        guard let memory = millrace_allocate(max(64, sizeInBytes)) else {
            throw VectorProblem(.outOfMemory, "there is no memory for a segment of \(sizeInBytes) bytes")
        }
        self.memory = UnsafeMutableRawBufferPointer(start: memory, count: sizeInBytes)
    }

    deinit { if !isHandedOver, let base = memory.baseAddress { millrace_free(base) } }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count <= memory.count - count else {
            throw VectorProblem(.invalidFormat, "a segment is larger than it was computed to be")
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    package func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count <= count else { throw VectorProblem(.invalidFormat, "a beginning that was not written") }
        memory.copyMemory(from: bytes)
    }

    package func sync() throws {}

    /// Hands the memory over.
    package func finish() -> FileRegion {
        isHandedOver = true
        return FileRegion(owning: UnsafeRawBufferPointer(memory))
    }
}
